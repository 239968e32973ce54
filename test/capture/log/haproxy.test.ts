import { existsSync } from "node:fs";
import { expect, it } from "vitest";
import { captureTexts } from "../reading.ts";
import { expectTimesOf, type LoggingServer, servedBy } from "./client.ts";

const COUNT = 30;
const HAPROXY = "/usr/sbin/haproxy";
const isMissing = !existsSync(HAPROXY) && process.env["CI"] !== "true";

const configOf = (_folder: string, port: number, upstream: number): string => `
global
  log stdout format raw local0
defaults
  mode http
  log global
  option httplog
  timeout connect 5s
  timeout client 5s
  timeout server 5s
frontend web
  bind 127.0.0.1:${port}
  default_backend app
backend app
  server one 127.0.0.1:${upstream}
`;

const SERVER: LoggingServer = {
  program: HAPROXY,
  configOf,
  argumentsFor: (_folder, config) => ["-db", "-f", config],
  endBy: "SIGUSR1",
};

it.skipIf(isMissing)(
  "a real HAProxy's log gives arrivals and durations that can be what its client saw",
  async () => {
    const { sent, log } = await servedBy(SERVER, COUNT);
    const { profile } = await captureTexts({ "haproxy.log": log }, { redact: false });
    const { manifest, records } = profile;
    expect(manifest.source[0]!.format).toBe("haproxy");
    const found = records.filter(({ path }) => path.startsWith("/item/"));
    expect(found.map(({ path }) => path)).toEqual(sent.map(({ path }) => path));
    expect(new Set(found.map(({ connection }) => connection)).size).toBe(1);
    expectTimesOf(sent, found, Date.parse(manifest.startedAt!));
  },
  20_000,
);
