import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { RecordedExchange } from "../../src/emulator/record/index.ts";
import { ExchangeBatch, exchangesOf } from "../../src/run/record/exchange-batch.ts";

const bytes = (maxLength: number): fc.Arbitrary<Buffer> =>
  fc.uint8Array({ maxLength }).map((array) => Buffer.from(array));
const whole = fc.integer({ min: 0, max: 2 ** 50 });
const exchange: fc.Arbitrary<RecordedExchange> = fc.record({
  connection: whole,
  head: bytes(50_000),
  body: fc.option(bytes(50_000)),
  requestBytes: whole,
  startNs: whole,
  endNs: whole,
  outcome: fc.constantFrom("answered", "cut", "unanswered"),
  status: fc.option(fc.integer({ min: 100, max: 999 }), { nil: undefined }),
  retryAfter: fc.option(fc.string({ unit: fc.nat(255).map(String.fromCharCode) }), {
    nil: undefined,
  }),
  responseBytes: whole,
});

describe("a batch of exchanges", () => {
  it("comes out of another thread's message as it was put in, again and again", () => {
    const batch = new ExchangeBatch();
    const taken = fc.tuple(fc.nat(9), exchange);
    fc.assert(
      fc.property(fc.array(taken, { maxLength: 200 }), (all) => {
        for (const one of all) batch.put(...one);
        expect(batch.count).toBe(all.length);
        const { sent, transfer } = batch.take();
        const received = structuredClone(sent, { transfer });
        expect([...exchangesOf(received)]).toEqual(all);
        expect(batch.count).toBe(0);
      }),
      { numRuns: 40 },
    );
  });
});
