import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { connect, createServer, type AddressInfo } from "node:net";
import { describe, expect, it } from "vitest";
import { startTcpDependency, tcpSchema } from "../../src/emulator/tcp/index.ts";
import { exchange, tcpBed } from "./tcp-fixture.ts";

function present(): boolean {
  try {
    execFileSync("redis-server", ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

const REDIS = present();

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Resolves once the port takes connections; gives up after a bounded number of tries. */
async function answers(port: number, tries = 2_000): Promise<void> {
  for (let i = 0; i < tries; i++) {
    const socket = connect(port, "127.0.0.1");
    const up = await new Promise<boolean>((resolve) => {
      socket.once("connect", () => resolve(true));
      socket.once("error", () => resolve(false));
    });
    socket.destroy();
    if (up) return;
    await new Promise((resolve) => void setTimeout(resolve, 5));
  }
  throw new Error(`nothing listens on port ${port}`);
}

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
