import { expect, it } from "vitest";
import { findNginx } from "../../replay/transports/nginx.ts";
import { captureTexts } from "../reading.ts";
import { expectTimesOf, servedBy, type LoggingServer, USER_AGENT } from "./client.ts";

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

const SERVER: LoggingServer = {
  program: nginxFile ?? "nginx",
  configOf,
  argumentsFor: (folder, config) => ["-p", folder, "-c", config],
  endBy: "SIGQUIT",
};

it.skipIf(isMissing)(
  "a real nginx's log gives arrivals and durations that can be what its client saw",
  async () => {
    const { sent, log } = await servedBy(SERVER, COUNT);
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
