import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readHead, type RecordedExchange } from "../../src/emulator/record/index.ts";
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
    stamp: (atNs) => Math.max(nowNs++, atNs),
    onExchange: (exchange) => exchanges.push(exchange),
    onBlind: (why) => told.blind.push(why.kind === "lost" ? why.reason : why.kind),
    onIncomplete: () => told.incomplete++,
  });
  return { observer, exchanges, told };
}

const latin1 = (text: string): Buffer => Buffer.from(text, "latin1");
const summary = ({ head, status, outcome, body }: RecordedExchange) => ({
  method: readHead(head)?.method,
  target: readHead(head)?.target,
  status,
  outcome,
  body: body === null ? null : body.toString("latin1"),
});

function play({ up, down }: Conversation, cuts: readonly number[]) {
  const all = watched();
  for (const chunk of cutAt(latin1(up), cuts)) all.observer.see("up", chunk, 0);
  for (const chunk of cutAt(latin1(down), cuts)) all.observer.see("down", chunk, 0);
  all.observer.upstreamEnded(0);
  all.observer.close(0);
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
        for (const [up, bytes] of chunks) observer.see(up ? "up" : "down", Buffer.from(bytes), 0);
        observer.close(0);
        expect(observer.busy).toBe(false);
      }),
      { numRuns: 300 },
    );
  });

  it("a body over the limit is counted and not held", () => {
    const { observer, exchanges } = watched(1_000);
    observer.see("up", latin1("POST / HTTP/1.1\r\ncontent-length: 1000000\r\n\r\n"), 0);
    const piece = Buffer.alloc(10_000, "x");
    for (let i = 0; i < 100; i++) {
      observer.see("up", piece, 0);
      expect(observer.heldBytes).toBeLessThanOrEqual(1_000);
    }
    observer.see("down", latin1("HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n"), 0);
    for (let i = 0; i < 100; i++) observer.see("down", piece, 0);
    expect(exchanges).toMatchObject([
      { body: null, requestBytes: 1_000_000, responseBytes: 1_000_000, outcome: "answered" },
    ]);
  });

  it("an answer that begins before the request has ended is its answer", () => {
    const { observer, exchanges } = watched();
    observer.see("up", latin1("POST / HTTP/1.1\r\ncontent-length: 2\r\n\r\na"), 0);
    observer.see("down", latin1("HTTP/1.1 413 Too Large\r\ncontent-length: 0\r\n\r\n"), 0);
    expect(exchanges).toEqual([]);
    observer.see("up", latin1("b"), 0);
    expect(exchanges).toMatchObject([{ status: 413, outcome: "answered" }]);
  });

  it("a request that did not come whole is counted and not told", () => {
    for (const part of ["GET / HT", "POST / HTTP/1.1\r\ncontent-length: 9\r\n\r\nab"]) {
      const { observer, exchanges, told } = watched();
      observer.see("up", latin1(part), 0);
      observer.close(0);
      expect([exchanges.length, told.incomplete]).toEqual([0, 1]);
    }
  });

  it("what waits on one connection is bounded", () => {
    const { observer, told } = watched();
    observer.see("up", latin1("GET / HTTP/1.1\r\n\r\n".repeat(1_000)), 0);
    expect(told.blind).toEqual(["over 256 requests of one connection wait for answers"]);
    observer.see("up", Buffer.alloc(1e6, "x"), 0);
    expect(observer.heldBytes).toBe(0);
  });

  it("a head without an end, byte by byte, is lost at its limit, and let go", () => {
    const { observer, told } = watched();
    observer.see("up", latin1("GET / HTTP/1.1\r\nx: "), 0);
    const byte = latin1("y");
    for (let i = 0; i < 2 ** 18; i++) observer.see("up", byte, 0);
    expect(told.blind).toEqual(["a head is over 256 kB"]);
  });

  it.each([
    ["POST / HTTP/1.1\r\ncontent-length: 3\r\nContent-Length: 4\r\n\r\n"],
    ["POST / HTTP/1.1\r\ncontent-length: 3x\r\n\r\n"],
    ["POST / HTTP/1.1\r\nContent-Length:\r\n\r\n"],
  ])("a length that is none loses the way: %j", (up) => {
    const { observer, told } = watched();
    observer.see("up", latin1(up), 0);
    expect(told.blind).toEqual(["the content-length is no number"]);
  });
});
