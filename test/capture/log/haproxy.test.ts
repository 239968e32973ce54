import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { Agent, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { expect, it } from "vitest";
import { captureTexts } from "../reading.ts";
import { answering, freePort, expectTimesOf, send, type Sent } from "./client.ts";

const COUNT = 40;
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
  const upstream = createServer((incoming, answer) => {
    setTimeout(() => answer.end("x"), Number(incoming.url?.split("=")[1]));
  }).listen(0, "127.0.0.1");
  await once(upstream, "listening");
  const port = await freePort();
  const config = join(folder, "haproxy.cfg");
  writeFileSync(config, configOf(port, (upstream.address() as AddressInfo).port));
  // The log has the server's own time without its zone.
  const env = { ...process.env, TZ: "UTC" };
  const child = spawn(HAPROXY, ["-db", "-f", config], { env, stdio: ["ignore", "pipe", "ignore"] });
  const log = text(child.stdout);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  try {
    await answering(port);
    await send(agent, port, "/rehearsal?ms=1");
    const sent: Sent[] = [];
    for (let index = 0; index < COUNT; index++) {
      sent.push(await send(agent, port, `/item/${index}?ms=${index % 20}`));
    }
    agent.destroy();
    child.kill("SIGTERM");
    return { sent, log: await log };
  } finally {
    agent.destroy();
    if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
    upstream.close();
    upstream.closeAllConnections();
    rmSync(folder, { recursive: true, force: true });
  }
}

it.skipIf(isMissing)(
  "a real HAProxy's log gives the arrivals and durations that its client saw",
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
