import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { Agent, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { findNginx } from "../../replay/transports/nginx.ts";
import { captureTexts } from "../reading.ts";
import { answering, freePort, expectTimesOf, send, type Sent } from "./client.ts";

const FORMAT =
  '$remote_addr $connection [$msec] "$request" $status $request_time "$http_user_agent"';
const COUNT = 60;

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
  const upstream = createServer((incoming, answer) => {
    setTimeout(() => answer.end("x"), Number(incoming.url?.split("=")[1]));
  }).listen(0, "127.0.0.1");
  await once(upstream, "listening");
  const port = await freePort();
  const { port: upstreamPort } = upstream.address() as AddressInfo;
  writeFileSync(join(folder, "nginx.conf"), configOf(folder, port, upstreamPort));
  const child = spawn(nginxFile!, ["-p", folder, "-c", "nginx.conf"], { stdio: "ignore" });
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  try {
    await answering(port);
    await send(agent, port, "/rehearsal?ms=1");
    const sent: Sent[] = [];
    for (let index = 0; index < COUNT; index++) {
      sent.push(await send(agent, port, `/item/${index}?ms=${index % 20}`));
    }
    child.kill("SIGQUIT");
    await once(child, "exit");
    return { sent, log: readFileSync(join(folder, "access.log")) };
  } finally {
    agent.destroy();
    if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
    upstream.close();
    upstream.closeAllConnections();
    rmSync(folder, { recursive: true, force: true });
  }
}

it.skipIf(isMissing)(
  "a real nginx's log gives the arrivals and durations that its client saw",
  async () => {
    const { sent, log } = await served();
    const { profile } = await captureTexts(
      { "access.log": log },
      { logFormat: FORMAT, redact: false },
    );
    const { manifest, records } = profile;
    expect(manifest.ledger).toMatchObject({ records: COUNT + 1, kept: COUNT + 1, rejected: [] });
    expect(manifest.timePrecisionNs).toBe(1e6);
    const found = records.filter(({ path }) => path.startsWith("/item/"));
    expect(found.map(({ path }) => path)).toEqual(sent.map(({ path }) => path));
    expect(new Set(found.map(({ connection }) => connection)).size).toBe(1);
    expect(found[0]!.headers).toEqual([["user-agent", 'probe "\\\u00fc']]);
    expectTimesOf(sent, found, Date.parse(manifest.startedAt!));
  },
  20_000,
);
