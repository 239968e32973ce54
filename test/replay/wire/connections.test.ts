import { describe, expect, it } from "vitest";
import { requestIdOf, traceparentOf } from "../../../src/core/index.ts";
import {
  type ExchangeSink,
  preparedRequest,
  type PreparedRequest,
  TRANSPORT_LIMITS,
  type TransportLimits,
  wireTransport,
} from "../../../src/replay/index.ts";
import {
  collectExchange,
  CollectingSink,
  exchangeOnce,
  type RawRequest,
  rawTarget,
} from "../../../src/testing/index.ts";

const ANSWER = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
const ANSWERED = {
  calls: ["started", "firstByte", "ended"],
  status: 200,
  bytesIn: 2,
  error: null,
};
const answer = ({ socket }: RawRequest): void => void socket.write(ANSWER);
const pathOf = ({ head }: RawRequest): string => head.split(" ")[1]!;

async function setup(
  onRequest: (request: RawRequest) => void,
  limits: Partial<TransportLimits> = {},
  wrap: (sink: ExchangeSink) => ExchangeSink = (sink) => sink,
) {
  const raw = await rawTarget(onRequest);
  const sink = new CollectingSink();
  const transport = wireTransport(raw.target, { ...TRANSPORT_LIMITS, ...limits }, wrap(sink));
  return {
    transport,
    sink,
    connections: raw.connections,
    async [Symbol.asyncDispose]() {
      await transport.close();
      await raw[Symbol.asyncDispose]();
    },
  };
}

function get(path = "/", method = "GET"): PreparedRequest {
  return preparedRequest({ method, path, headers: ["host", "shop"], body: null, route: 0 });
}

/** A sink that does something of its own after it has told another. */
function alsoDoing(sink: ExchangeSink, own: Partial<ExchangeSink>): ExchangeSink {
  return {
    started: (exchange) => (sink.started(exchange), own.started?.(exchange)),
    firstByte: (exchange, status) => (
      sink.firstByte(exchange, status),
      own.firstByte?.(exchange, status)
    ),
    ended: (exchange, bytesIn) => (sink.ended(exchange, bytesIn), own.ended?.(exchange, bytesIn)),
    failed: (exchange, error) => (sink.failed(exchange, error), own.failed?.(exchange, error)),
  };
}

describe("wire transport: which connection", () => {
  it("takes the idle connection that was used last", async () => {
    const ports: (number | undefined)[] = [];
    const held: RawRequest[] = [];
    await using bed = await setup((request) => {
      ports.push(request.socket.remotePort);
      if (request.nth < 3) held.push(request);
      else answer(request);
    });
    const all = ["/0", "/1", "/2"].map((path) => collectExchange(bed, get(path)));
    await expect.poll(() => held.length).toBe(3);
    const order = ["/1", "/2", "/0"];
    for (const path of order) {
      answer(held.find((each) => pathOf(each) === path)!);
      await all[Number(path[1])]!.ended;
    }
    await exchangeOnce(bed, get());
    expect(ports[3]).toBe(held.find((each) => pathOf(each) === "/0")!.socket.remotePort);
    expect(bed.connections.accepted).toBe(3);
  });

  it("opens as many ahead as it is told, and may have, and sends over them", async () => {
    await using bed = await setup(answer, { connectionsMax: 3 });
    bed.transport.open(2);
    await expect.poll(() => bed.connections.accepted).toBe(2);
    const both = await Promise.all([exchangeOnce(bed, get()), exchangeOnce(bed, get())]);
    expect(both).toEqual([ANSWERED, ANSWERED]);
    expect(bed.connections.accepted).toBe(2);
    bed.transport.open(5);
    await expect.poll(() => bed.connections.accepted).toBe(3);
    expect(await exchangeOnce(bed, get())).toEqual(ANSWERED);
  });

  it("one opened ahead that the target refuses is no failure; the next request's is", async () => {
    const raw = await rawTarget(answer);
    await raw[Symbol.asyncDispose]();
    const sink = new CollectingSink();
    const transport = wireTransport(raw.target, TRANSPORT_LIMITS, sink);
    transport.open(2);
    const bed = { transport, sink };
    expect(await exchangeOnce(bed, get())).toMatchObject({ error: "refused" });
    expect(await exchangeOnce(bed, get())).toMatchObject({ error: "refused" });
    await transport.close();
  });

  it("closes an idle session's connection for an exchange without one", async () => {
    await using bed = await setup(answer, { keepConnections: true, connectionsMax: 1 });
    await exchangeOnce(bed, get(), { session: "a" });
    expect(await exchangeOnce(bed, get())).toEqual(ANSWERED);
    expect(await exchangeOnce(bed, get(), { session: "a" })).toEqual(ANSWERED);
    expect(bed.connections.accepted).toBe(3);
  });

  it("answers 1,000 at once on 10 connections", async () => {
    await using bed = await setup(answer, { connectionsMax: 10 });
    const stories = await Promise.all(
      Array.from({ length: 1_000 }, (_, i) => exchangeOnce(bed, get(`/${i}`))),
    );
    expect(stories.every(({ bytesIn, calls }) => bytesIn === 2 && calls.length === 3)).toBe(true);
    expect(bed.connections).toMatchObject({ accepted: 10, most: 10 });
    expect(bed.transport.resends).toBe(0);
  });
});

describe("wire transport: a kept connection that the target closes under a request", () => {
  const identity = { runId: "00000000000000c1", seq: 4_711, armIndex: 1 };
  const first = { traceparent: traceparentOf(identity), requestId: requestIdOf(identity) };
  const again = { ...identity, attempt: 2 };

  for (const how of ["end", "resetAndDestroy"] as const) {
    for (const method of ["GET", "HEAD", "OPTIONS"]) {
      it(`sends a ${method} once more after ${how}, as its second attempt`, async () => {
        const heads: string[] = [];
        await using bed = await setup((request) => {
          heads.push(request.head);
          if (request.nth === 1) request.socket[how]();
          else if (method === "HEAD") request.socket.write(ANSWER.slice(0, -2));
          else answer(request);
        });
        await exchangeOnce(bed, get("/before", method));
        const story = await exchangeOnce(bed, get("/", method), first);
        expect(story).toEqual({ ...ANSWERED, bytesIn: method === "HEAD" ? 0 : 2 });
        expect(bed.transport.resends).toBe(1);
        expect(heads[1]).toContain(`\r\ntraceparent: ${first.traceparent}\r\n`);
        expect(heads[2]).toContain(`\r\ntraceparent: ${traceparentOf(again)}\r\n`);
        expect(heads[2]?.endsWith(`\r\nx-request-id: ${requestIdOf(again)}`)).toBe(true);
      });
    }
  }

  it("counts the second failure", async () => {
    await using bed = await setup((request) => {
      if (request.nth === 0) answer(request);
      else request.socket.end();
    });
    await exchangeOnce(bed, get());
    const story = await exchangeOnce(bed, get());
    expect(story).toMatchObject({ calls: ["started", "failed"], error: "reset" });
    expect(bed.transport.resends).toBe(1);
  });

  it("says `refused` when the target is gone altogether", async () => {
    const raw = await rawTarget((request) => {
      if (request.nth === 0) answer(request);
    });
    const sink = new CollectingSink();
    await using transport = Object.assign(wireTransport(raw.target, TRANSPORT_LIMITS, sink), {
      async [Symbol.asyncDispose]() {
        await transport.close();
      },
    });
    await exchangeOnce({ transport, sink }, get());
    const last = collectExchange({ transport, sink }, get());
    await raw[Symbol.asyncDispose]();
    expect((await last.ended).error).toBe("refused");
    expect(transport.resends).toBe(1);
  });

  const once = [
    ["a POST, which may have been carried out", "POST", 1, ""],
    ["a request on a new connection", "GET", 0, ""],
    ["a request of whose answer a byte has come", "GET", 1, "H"],
  ] as const;
  for (const [what, method, nth, bytes] of once) {
    it(`does not send again ${what}`, async () => {
      await using bed = await setup((request) => {
        if (request.nth === nth) request.socket.end(bytes);
        else answer(request);
      });
      if (nth > 0) await exchangeOnce(bed, get());
      expect((await exchangeOnce(bed, get("/", method))).error).toBe("reset");
      expect(bed.transport.resends).toBe(0);
    });
  }

  it("keeps a session's order, and its one connection", async () => {
    const paths: string[] = [];
    await using bed = await setup(
      (request) => {
        paths.push(`${pathOf(request)} ${request.nthHere}`);
        if (request.nth === 1) request.socket.end();
        else answer(request);
      },
      { keepConnections: true },
    );
    const all = ["/0", "/1", "/2", "/3"].map((path) =>
      exchangeOnce(bed, get(path), { session: "a" }),
    );
    expect(await Promise.all(all)).toEqual(all.map(() => ANSWERED));
    expect(paths).toEqual(["/0 0", "/1 1", "/1 0", "/2 1", "/3 2"]);
  });
});

describe("wire transport: what the sink does in its calls", () => {
  for (const call of ["started", "firstByte"] as const) {
    it(`can give an exchange up in \`${call}\`, and the next one is answered`, async () => {
      let giveUp = true;
      await using bed = await setup(answer, { connectionsMax: 1 }, (sink) =>
        alsoDoing(sink, {
          [call]: (exchange: Parameters<ExchangeSink["started"]>[0]) => {
            if (giveUp) bed.transport.giveUp(exchange, "timeout");
            giveUp = false;
          },
        }),
      );
      const [given, next] = [collectExchange(bed, get()), collectExchange(bed, get())];
      expect(await next.ended).toEqual(ANSWERED);
      expect(given.story()).toMatchObject({ error: "timeout", bytesIn: null });
      expect(given.story().calls.at(-1)).toBe("failed");
    });
  }

  it("can give up, in `ended`, all that wait behind it", async () => {
    const behind: ReturnType<typeof collectExchange>[] = [];
    await using bed = await setup(answer, { connectionsMax: 1, keepConnections: true }, (sink) =>
      alsoDoing(sink, {
        ended() {
          for (const { exchange } of behind.splice(0)) {
            bed.transport.giveUp(exchange, "cancelled");
          }
        },
      }),
    );
    const first = collectExchange(bed, get(), { session: "a" });
    const others = ["a", "b", null, "a"].map((session) => collectExchange(bed, get(), { session }));
    behind.push(...others);
    await first.ended;
    for (const other of others) {
      expect(other.story()).toMatchObject({ calls: ["failed"], error: "cancelled" });
    }
    expect(await exchangeOnce(bed, get(), { session: "a" })).toEqual(ANSWERED);
    expect(bed.connections.accepted).toBe(1);
  });

  it("throws on what `started` throws, and the request goes out all the same", async () => {
    let broken = true;
    await using bed = await setup(answer, {}, (sink) =>
      alsoDoing(sink, {
        started() {
          if (broken) throw new Error("a bug");
        },
      }),
    );
    const collected = bed.sink.collect(get());
    expect(() => bed.transport.send(collected.exchange)).toThrow("a bug");
    broken = false;
    expect(await collected.ended).toEqual(ANSWERED);
  });

  it("lets what `firstByte` throws be seen, and reads on", async () => {
    let broken = true;
    await using bed = await setup(answer, { connectionsMax: 1 }, (sink) =>
      alsoDoing(sink, {
        firstByte() {
          if (broken) throw new Error("a bug");
        },
      }),
    );
    const thrown = uncaught();
    expect(await exchangeOnce(bed, get())).toEqual(ANSWERED);
    expect(await thrown).toMatchObject({ message: "a bug" });
    broken = false;
    expect(await exchangeOnce(bed, get())).toEqual(ANSWERED);
    expect(bed.connections.accepted).toBe(1);
  });
});

/** The next uncaught exception, which nobody else hears of. */
function uncaught(): Promise<unknown> {
  const others = process.listeners("uncaughtException");
  process.removeAllListeners("uncaughtException");
  return new Promise((resolve) =>
    process.once("uncaughtException", (error) => {
      for (const other of others) process.on("uncaughtException", other);
      resolve(error);
    }),
  );
}
