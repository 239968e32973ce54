import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Lookout } from "../../src/emulator/record/lookout.ts";
import { Observer } from "../../src/emulator/record/observer.ts";

const REQUEST = Buffer.from("GET / HTTP/1.1\r\n\r\n");
const ANSWER = Buffer.from("HTTP/1.1 204 No Content\r\n\r\n");

function watched() {
  const times: (readonly [connection: number, startNs: number, endNs: number])[] = [];
  const outcomes: string[] = [];
  let nowNs = 0;
  const lookout = new Lookout(() => ++nowNs);
  const observer = (connection: number): Observer =>
    new Observer({
      connection,
      bodyBytesMax: 100,
      stamp: (atNs) => atNs,
      onExchange: ({ startNs, endNs, outcome }) => {
        times.push([connection, startNs, endNs]);
        outcomes.push(outcome);
      },
      onBlind: ({ kind }) => outcomes.push(kind),
      onIncomplete: () => outcomes.push("incomplete"),
    });
  return { lookout, observer, times, outcomes };
}

describe("the recorder's lookout", () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  it("chunks are looked at later, in their order, with the times at which they passed", () => {
    const { lookout, observer, times } = watched();
    const [a, b] = [observer(0), observer(1)];
    lookout.passed(a, "up", REQUEST);
    lookout.passed(b, "up", REQUEST);
    lookout.passed(b, "down", ANSWER);
    lookout.passed(a, "down", ANSWER);
    expect([times, lookout.heldBytes]).toEqual([[], 2 * (REQUEST.length + ANSWER.length)]);
    vi.runAllTimers();
    expect(times).toEqual([
      [1, 2, 3],
      [0, 1, 4],
    ]);
    expect([lookout.heldBytes, vi.getTimerCount()]).toEqual([0, 0]);
  });

  it("of many chunks a few are looked at in a turn of the loop, from an answer on", () => {
    const { lookout, observer, times } = watched();
    const one = observer(0);
    for (let i = 0; i < 10; i++) {
      lookout.passed(one, "up", REQUEST);
      lookout.passed(one, "down", ANSWER);
    }
    const seen = [times.length];
    while (times.length < 8) {
      vi.advanceTimersToNextTimer();
      seen.push(times.length);
    }
    expect(seen).toEqual([0, 2, 4, 6, 8]);
    vi.runAllTimers();
    expect([times.length, lookout.heldBytes, vi.getTimerCount()]).toEqual([10, 0, 0]);
  });

  it.each([
    ["many", 1, 1_000],
    ["large", 100_000, 3],
  ])("what waits is bounded: %s chunks", (_, bytes, count) => {
    const { lookout, observer, outcomes } = watched();
    const one = observer(0);
    lookout.passed(one, "up", Buffer.from("POST / HTTP/1.1\r\ncontent-length: 999999\r\n\r\n"));
    for (let i = 0; i < count; i++) lookout.passed(one, "up", Buffer.alloc(bytes, "x"));
    expect(lookout.heldBytes).toBeLessThan(bytes * count);
    expect(outcomes).toEqual([]);
  });

  it("whether a connection is busy, and how it ended, is told of all that has passed", () => {
    const { lookout, observer, outcomes } = watched();
    const [done, cut, unanswered] = [observer(0), observer(1), observer(2)];
    for (const one of [done, cut, unanswered]) lookout.passed(one, "up", REQUEST);
    lookout.passed(done, "down", Buffer.from("HTTP/1.1 200 OK\r\n\r\nto the end"));
    lookout.passed(cut, "down", Buffer.from("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf"));
    expect(lookout.busy(done)).toBe(true);
    lookout.ended(done);
    expect(lookout.busy(done)).toBe(false);
    for (const one of [done, cut, unanswered]) lookout.closed(one);
    expect(outcomes).toEqual(["answered", "cut", "unanswered"]);
  });
});
