import { once } from "node:events";
import { connect, type Socket } from "node:net";
import * as fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { CONVERSATIONS, cutAt, recorded, served } from "./record-fixture.ts";

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0).toReversed()) await one.close();
});

async function chain(onSocket: (socket: Socket) => void, bodyBytesMax?: number) {
  const upstream = await served(onSocket);
  const recorder = await recorded(upstream.port, bodyBytesMax);
  open.push(upstream, { close: () => recorder.proxy.stop(0) });
  return { ...recorder, upstream };
}

async function sendAll(socket: Socket, pieces: readonly Buffer[]): Promise<void> {
  for (const piece of pieces) {
    socket.write(piece);
    await new Promise((resolve) => setImmediate(resolve));
  }
  socket.end();
}

async function received(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  await once(socket, "end");
  return Buffer.concat(chunks);
}

/** As `once`, for sockets that may end in a reset. */
const closed = (socket: Socket): Promise<void> =>
  new Promise((resolve) => socket.once("close", () => resolve()));

const call = (port: number): Socket =>
  connect({ port, host: "127.0.0.1", allowHalfOpen: true, noDelay: true });

describe("the recording proxy", () => {
  it("never alters a byte, in either direction, however they are cut, HTTP or not", async () => {
    let answer: readonly Buffer[] = [];
    let arrived: Promise<Buffer> = Promise.resolve(Buffer.alloc(0));
    const { port } = await chain((socket) => {
      arrived = received(socket);
      void sendAll(socket, answer);
    });
    const said = fc.oneof(
      fc.constantFrom(...CONVERSATIONS).map(({ up, down }) => [up, down] as const),
      fc.tuple(fc.string({ unit: "binary" }), fc.string({ unit: "binary" })),
    );
    const lengths = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(said, lengths, async ([up, down], cuts) => {
        const [sentUp, sentDown] = [Buffer.from(up, "latin1"), Buffer.from(down, "latin1")];
        answer = cutAt(sentDown, cuts);
        const caller = call(port);
        const got = received(caller);
        await sendAll(caller, cutAt(sentUp, cuts));
        expect(await got).toEqual(sentDown);
        expect(await arrived).toEqual(sentUp);
      }),
      { numRuns: 60 },
    );
  });

  it("a large body passes while hardly any of it is held", async () => {
    const total = 32 * 2 ** 20;
    let peakBytes = 0;
    let bytes = 0;
    const { port, proxy, exchanges } = await chain((socket) => {
      socket.on("data", (chunk: Buffer) => {
        bytes += chunk.length;
        peakBytes = Math.max(peakBytes, proxy.heldBytes);
      });
      socket.on("end", () => socket.end("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"));
    });
    const caller = call(port);
    const head = `POST /big HTTP/1.1\r\ncontent-length: ${total}\r\n\r\n`;
    const answered = received(caller);
    caller.write(head);
    const piece = Buffer.alloc(2 ** 20, "x");
    for (let sent = 0; sent < total; sent += piece.length) {
      if (!caller.write(piece)) await once(caller, "drain");
    }
    caller.end();
    await answered;
    expect(bytes).toBe(head.length + total);
    expect(exchanges).toMatchObject([{ body: null, requestBytes: total }]);
    expect(peakBytes).toBeLessThan(2 ** 20);
  });

  it("an upstream that does not read holds its caller: what waits is bounded", async () => {
    const { port, proxy } = await chain((socket) => socket.pause());
    const caller = call(port);
    caller.on("error", () => {});
    const piece = Buffer.alloc(2 ** 20, "x");
    // Far more than the sockets of the system take.
    for (let i = 0; i < 64; i++) caller.write(piece);
    for (let before = -1, same = 0; same < 20;) {
      await new Promise((resolve) => setImmediate(resolve));
      same = caller.bytesWritten === before ? same + 1 : 0;
      before = caller.bytesWritten;
    }
    expect(proxy.heldBytes).toBeLessThan(2 ** 20);
    caller.destroy();
  });

  it("an upstream that refuses ends the connection and is counted", async () => {
    const { port, proxy, upstream, exchanges } = await chain(() => {});
    await upstream.close();
    const caller = call(port);
    caller.on("error", () => {});
    caller.resume().on("end", () => caller.end());
    caller.write("GET / HTTP/1.1\r\n\r\n");
    await closed(caller);
    await proxy.stop(0);
    expect(proxy.counts.upstreamErrors).toBe(1);
    expect(exchanges.map(({ outcome }) => outcome)).not.toContain("answered");
  });

  it("an upstream that dies in the middle of an answer is recorded as that", async () => {
    const { port, proxy, exchanges } = await chain((socket) => {
      socket.once("data", () => {
        socket.write("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc", () =>
          socket.resetAndDestroy(),
        );
      });
    });
    const caller = call(port);
    caller.on("error", () => {});
    caller.resume();
    caller.write("GET / HTTP/1.1\r\n\r\n");
    await closed(caller);
    await proxy.stop(0);
    expect(exchanges).toHaveLength(1);
    // A reset may overtake the bytes before it.
    expect(exchanges[0]!.outcome).toMatch(/^(?:cut|unanswered)$/);
  });

  it("stopping lets the request under way end, and ends idle connections", async () => {
    const asked = Promise.withResolvers<Socket>();
    const { port, proxy, exchanges } = await chain((socket) => {
      socket.once("data", () => asked.resolve(socket));
      socket.on("end", () => socket.end());
    });
    const [idle, busy] = [call(port), call(port)];
    const gone = once(idle.resume(), "end");
    const answer = received(busy);
    await once(idle, "connect");
    busy.write("GET / HTTP/1.1\r\n\r\n");
    const upstream = await asked.promise;
    const stopped = proxy.stop(60_000);
    await gone;
    idle.end();
    upstream.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
    expect((await answer).toString()).toMatch(/ok$/);
    busy.end();
    await stopped;
    expect(exchanges).toMatchObject([{ status: 200, outcome: "answered" }]);
  });

  it("a port in use says so", async () => {
    const upstream = await served(() => {});
    open.push(upstream);
    const { RecordingProxy } = await import("../../src/emulator/record/index.ts");
    await expect(
      RecordingProxy.start({
        name: "service",
        host: "127.0.0.1",
        port: upstream.port,
        upstream: { host: "127.0.0.1", port: 1, tls: false },
        clock: { nowNs: () => 0, sleepUntilNs: () => Promise.resolve() },
        bodyBytesMax: 1,
        onExchange: () => {},
      }),
    ).rejects.toMatchObject({ code: "PORT_IN_USE" });
  });
});
