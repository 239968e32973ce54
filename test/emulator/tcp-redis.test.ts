import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { describe, expect, it } from "vitest";
import { startTcpDependency, tcpSchema } from "../../src/emulator/tcp/index.ts";
import { answers, exchange, tcpBed } from "./tcp-fixture.ts";
import { freePort } from "../../src/run/free-port.ts";

function present(): boolean {
  try {
    execFileSync("redis-server", ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

const REDIS = present();

it.skipIf(process.env["CI"] !== "true")(
  "redis-server is there, where all tests have to run",
  () => {
    expect(REDIS).toBe(true);
  },
);

describe.skipIf(!REDIS)("a TCP proxy before redis-server (skipped: it is not installed)", () => {
  it("PING, SET and GET pass through latency and a slicer", async () => {
    const port = await freePort();
    const flags = [
      "--port",
      String(port),
      "--bind",
      "127.0.0.1",
      "--save",
      "",
      "--appendonly",
      "no",
    ];
    const redis = spawn("redis-server", flags, { stdio: "ignore" });
    const exited = once(redis, "exit");
    try {
      await answers(port);
      await using bed = await tcpBed();
      const slicer = { type: "slicer", average_size: "2B", delay: "10us" };
      const upstream = `127.0.0.1:${port}`;
      const spec = tcpSchema.parse({ upstream, latency: "200us", toxics: [slicer] });
      const proxy = await startTcpDependency({ ...bed.context, name: "redis", spec });
      const commands = Buffer.from("PING\r\nSET key value\r\nGET key\r\nQUIT\r\n");
      const { received } = await exchange(proxy.listen, commands);
      await proxy.stop();
      expect(received.toString()).toBe("+PONG\r\n+OK\r\n$5\r\nvalue\r\n+OK\r\n");
    } finally {
      redis.kill();
      await exited;
    }
  });
});
