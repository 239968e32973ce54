import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { RecordedExchange } from "../../src/emulator/record/index.ts";
import { Observer } from "../../src/emulator/record/observer.ts";
import { type Conversation, CONVERSATIONS, cutAt } from "./record-fixture.ts";

const BODY_BYTES_MAX = 100;

function watched(bodyBytesMax = BODY_BYTES_MAX) {
  const exchanges: RecordedExchange[] = [];
  const told = { blind: [] as string[], incomplete: 0 };
  let nowNs = 0;
  const observer = new Observer({
    connection: 7,
    bodyBytesMax,
    stamp: () => nowNs++,
    onExchange: (exchange) => exchanges.push(exchange),
    onBlind: (why) => told.blind.push(why.kind === "lost" ? why.reason : why.kind),
    onIncomplete: () => told.incomplete++,
  });
  return { observer, exchanges, told };
}

const latin1 = (text: string): Buffer => Buffer.from(text, "latin1");
const summary = ({ method, target, status, outcome, body }: RecordedExchange) => ({
  method,
  target,
  status,
  outcome,
  body: body === null ? null : Buffer.from(body).toString("latin1"),
});

function play({ up, down }: Conversation, cuts: readonly number[]) {
  const all = watched();
  for (const chunk of cutAt(latin1(up), cuts)) all.observer.see("up", chunk);
  for (const chunk of cutAt(latin1(down), cuts)) all.observer.see("down", chunk);
  all.observer.upstreamEnded();
  all.observer.close();
  return all;
}

describe("the recorder's observer", () => {
  it.each(CONVERSATIONS)("$name: is told apart the same, wherever it is cut", (conversation) => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }), (cuts) => {
        const { exchanges, told } = play(conversation, cuts);
        expect(exchanges.map(summary)).toEqual(conversation.exchanges);
        expect(told.blind).toEqual(conversation.blind ?? []);
      }),
      { numRuns: 60 },
    );
  });

  it("any bytes at all never throw", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), fc.uint8Array())), (chunks) => {
        const { observer } = watched();
        for (const [up, bytes] of chunks) observer.see(up ? "up" : "down", Buffer.from(bytes));
        observer.close();
        expect(observer.busy).toBe(false);
      }),
      { numRuns: 300 },
    );
  });

  it("a body over the limit is counted and not held", () => {
    const { observer, exchanges } = watched(1_000);
    observer.see("up", latin1("POST / HTTP/1.1\r\ncontent-length: 1000000\r\n\r\n"));
    const piece = Buffer.alloc(10_000, "x");
    for (let i = 0; i < 100; i++) {
      observer.see("up", piece);
      expect(observer.heldBytes).toBeLessThanOrEqual(1_000);
    }
    observer.see("down", latin1("HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n"));
    for (let i = 0; i < 100; i++) observer.see("down", piece);
    expect(exchanges).toMatchObject([
      { body: null, requestBytes: 1_000_000, responseBytes: 1_000_000, outcome: "answered" },
    ]);
  });

  it("an answer that begins before the request has ended is its answer", () => {
    const { observer, exchanges } = watched();
    observer.see("up", latin1("POST / HTTP/1.1\r\ncontent-length: 2\r\n\r\na"));
    observer.see("down", latin1("HTTP/1.1 413 Too Large\r\ncontent-length: 0\r\n\r\n"));
    expect(exchanges).toEqual([]);
    observer.see("up", latin1("b"));
    expect(exchanges).toMatchObject([{ status: 413, outcome: "answered" }]);
  });

  it("a request that did not come whole is counted and not told", () => {
    for (const part of ["GET / HT", "POST / HTTP/1.1\r\ncontent-length: 9\r\n\r\nab"]) {
      const { observer, exchanges, told } = watched();
      observer.see("up", latin1(part));
      observer.close();
      expect([exchanges.length, told.incomplete]).toEqual([0, 1]);
    }
  });

  it("what waits on one connection is bounded", () => {
    const { observer, told } = watched();
    observer.see("up", latin1("GET / HTTP/1.1\r\n\r\n".repeat(1_000)));
    expect(told.blind).toEqual(["over 256 requests of one connection wait for answers"]);
    observer.see("up", Buffer.alloc(1e6, "x"));
    expect(observer.heldBytes).toBe(0);
  });
});
