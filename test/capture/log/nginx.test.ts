import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { findNginx } from "../../replay/transports/nginx.ts";
import { captureTexts } from "../reading.ts";
import {
  answering,
  expectTimesOf,
  freePort,
  sendAll,
  type Sent,
  slowUpstream,
  USER_AGENT,
} from "./client.ts";

const FORMAT =
  '$remote_addr $connection [$msec] "$request" $status $request_time "$http_user_agent"';
const COUNT = 30;

const nginxFile = findNginx();
const isMissing = nginxFile === undefined && process.env["CI"] !== "true";

const configOf = (folder: string, port: number, upstream: number): string => `
daemon off;
master_process off;
worker_processes 1;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log;
events { worker_connections 64; }
http {
  log_format timed '${FORMAT}';
  access_log ${folder}/access.log timed;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  server {
    listen 127.0.0.1:${port};
    location / { proxy_pass http://127.0.0.1:${upstream}; }
  }
}
`;

/** Requests through a real nginx, and the log that it wrote of them. */
async function served(): Promise<{ sent: Sent[]; log: Buffer }> {
  const folder = mkdtempSync(join(tmpdir(), "shakedown-nginx-log-"));
  const upstream = await slowUpstream();
  const port = await freePort();
  writeFileSync(join(folder, "nginx.conf"), configOf(folder, port, upstream.port));
  const child = spawn(nginxFile!, ["-p", folder, "-c", "nginx.conf"], { stdio: "ignore" });
  try {
    await answering(port);
    const sent = await sendAll(port, COUNT);
    child.kill("SIGQUIT");
    await once(child, "exit");
    return { sent, log: readFileSync(join(folder, "access.log")) };
  } finally {
    if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
    upstream.server.close();
    upstream.server.closeAllConnections();
    rmSync(folder, { recursive: true, force: true });
  }
}

it.skipIf(isMissing)(
  "a real nginx's log gives arrivals and durations that can be what its client saw",
  async () => {
    const { sent, log } = await served();
    const { profile } = await captureTexts(
      { "access.log": log },
      { logFormat: FORMAT, redact: false },
    );
    const { manifest, records } = profile;
    expect(manifest.ledger).toMatchObject({ records: COUNT, kept: COUNT, rejected: [] });
    expect(manifest.timePrecisionNs).toBe(1e6);
    expect(records.map(({ path }) => path)).toEqual(sent.map(({ path }) => path));
    expect(new Set(records.map(({ connection }) => connection)).size).toBe(1);
    expect(records[0]!.headers).toEqual([["user-agent", USER_AGENT]]);
    expectTimesOf(sent, records, Date.parse(manifest.startedAt!));
  },
  20_000,
);
