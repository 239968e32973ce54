import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { expect, it } from "vitest";
import { captureTexts } from "../reading.ts";
import { answering, expectTimesOf, freePort, sendAll, type Sent, slowUpstream } from "./client.ts";

const COUNT = 30;
const HAPROXY = "/usr/sbin/haproxy";
const isMissing = !existsSync(HAPROXY) && process.env["CI"] !== "true";

const configOf = (port: number, upstream: number): string => `
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

/** Requests through a real HAProxy, and the log that it wrote of them. */
async function served(): Promise<{ sent: Sent[]; log: string }> {
  const folder = mkdtempSync(join(tmpdir(), "shakedown-haproxy-"));
  const upstream = await slowUpstream();
  const port = await freePort();
  const config = join(folder, "haproxy.cfg");
  writeFileSync(config, configOf(port, upstream.port));
  // The log has the server's own time without its zone.
  const env = { ...process.env, TZ: "UTC" };
  const child = spawn(HAPROXY, ["-db", "-f", config], { env, stdio: ["ignore", "pipe", "ignore"] });
  const log = text(child.stdout);
  try {
    await answering(port);
    const sent = await sendAll(port, COUNT);
    child.kill("SIGTERM");
    return { sent, log: await log };
  } finally {
    if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
    upstream.server.close();
    upstream.server.closeAllConnections();
    rmSync(folder, { recursive: true, force: true });
  }
}

it.skipIf(isMissing)(
  "a real HAProxy's log gives arrivals and durations that can be what its client saw",
  async () => {
    const { sent, log } = await served();
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
