import { connect } from "node:net";
import { once } from "node:events";
import { describe, expect, it } from "vitest";
import { startTcpDependency, tcpSchema } from "../../src/emulator/tcp/index.ts";
import { echoServer, exchange, tcpBed } from "./tcp-fixture.ts";

const LARGE = Buffer.alloc(3_000_000, "0123456789abcdef");

describe("a TCP proxy", () => {
  it("passes bytes both ways, keeps a half-close, and tells what it saw", async () => {
    await using bed = await tcpBed();
    await using echo = await echoServer();
    const spec = tcpSchema.parse({ upstream: echo.address, latency: "200us", jitter: "100us" });
    const proxy = await startTcpDependency({ ...bed.context, name: "echo", spec });
    const { received, error } = await exchange(proxy.listen, LARGE);
    await proxy.stop();
    expect(error).toBeNull();
    expect(received.equals(LARGE)).toBe(true);
    expect(bed.records).toEqual([
      expect.objectContaining({
        connection: 0,
        outcome: "ended",
        closedBy: "caller",
        bytesUp: LARGE.length,
        bytesDown: LARGE.length,
      }),
    ]);
    expect(proxy.snapshot()).toMatchObject({ open: 0, inFlight: 0, accepted: 1, refused: 0 });
  });

  it("sends RST where a toxic says so", async () => {
    await using bed = await tcpBed();
    await using echo = await echoServer();
    const spec = tcpSchema.parse({ upstream: echo.address, toxics: [{ type: "reset_peer" }] });
    const proxy = await startTcpDependency({ ...bed.context, name: "echo", spec });
    expect((await exchange(proxy.listen, Buffer.from("x"))).error).toBe("ECONNRESET");
    await proxy.stop();
    expect(bed.records).toMatchObject([{ outcome: "reset", closedBy: "toxic" }]);
  });

  it("refuses callers beyond connectionsMax, or lets them wait for a place", async () => {
    await using bed = await tcpBed();
    await using echo = await echoServer();
    for (const beyond of ["refuse", "wait"] as const) {
      const spec = tcpSchema.parse({ upstream: echo.address, connectionsMax: 1, beyond });
      const proxy = await startTcpDependency({ ...bed.context, name: beyond, spec });
      const first = connect(Number(proxy.listen.split(":")[1]), "127.0.0.1");
      first.write("x");
      await once(first, "data");
      const second = exchange(proxy.listen, Buffer.from("y"));
      if (beyond === "wait") first.end();
      const { received, error } = await second;
      expect([received.toString(), error]).toEqual(
        beyond === "wait" ? ["y", null] : ["", "ECONNRESET"],
      );
      expect(proxy.snapshot().refused).toBe(beyond === "wait" ? 0 : 1);
      first.destroy();
      await proxy.stop();
    }
  });

  it("a toxic put on a live connection acts on it, and taking it off lets go", async () => {
    await using bed = await tcpBed();
    await using echo = await echoServer();
    const spec = tcpSchema.parse({ upstream: echo.address });
    const proxy = await startTcpDependency({ ...bed.context, name: "live", spec });
    const socket = connect(Number(proxy.listen.split(":")[1]), "127.0.0.1");
    socket.write("a");
    await once(socket, "data");
    const place = { name: "slow", stream: "downstream", toxicity: 1 } as const;
    proxy.addToxic({ ...place, type: "latency", latency: 3_600_000, jitter: 0 });
    const sentBefore = proxy.snapshot().received.downstream;
    socket.write("b");
    while (proxy.snapshot().received.downstream === sentBefore) {
      await new Promise((resolve) => void setImmediate(resolve));
    }
    expect(proxy.snapshot().sent.downstream).toBe(1);
    proxy.removeToxic("slow");
    const [data] = (await once(socket, "data")) as [Buffer];
    expect(data.toString()).toBe("b");
    socket.destroy();
    await proxy.stop();
  });

  it("holds a writer whose bytes cannot go on: what a connection keeps is bounded", async () => {
    await using bed = await tcpBed();
    await using echo = await echoServer();
    const toxics = [{ type: "latency", latency: "1h", stream: "upstream" }];
    const spec = tcpSchema.parse({ upstream: echo.address, toxics });
    const proxy = await startTcpDependency({ ...bed.context, name: "held", spec });
    const socket = connect(Number(proxy.listen.split(":")[1]), "127.0.0.1");
    socket.on("error", () => {});
    socket.write(Buffer.alloc(64 * 2 ** 20));
    const turn = () => new Promise((resolve) => void setImmediate(resolve));
    while (proxy.snapshot().received.upstream < 4 * 2 ** 20) await turn();
    for (let i = 0; i < 200; i++) await turn();
    expect(proxy.snapshot().received.upstream).toBeLessThan(4.2 * 2 ** 20);
    await proxy.stop();
    expect(bed.records).toMatchObject([{ outcome: "closed", closedBy: "proxy" }]);
    socket.destroy();
  });
});
