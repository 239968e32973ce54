import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  decodeMessage,
  encodeMessage,
  type ShardMessage,
  WIRE_VERSION,
} from "../../src/fleet/messages.ts";
import { Histogram } from "../../src/measure/index.ts";

const count = fc.nat(1_000_000);
const counts = fc.array(fc.nat(100_000), { maxLength: 20 }).map((values) => {
  const histogram = new Histogram();
  for (const value of values) histogram.record(value);
  return histogram.toCounts();
});
const armCounts = fc.record({
  stage: fc.nat(5),
  arm: fc.nat(2),
  planned: count,
  responses: count,
  failed: count,
  dropped: count,
  responseTime: counts,
  startLag: counts,
});
const armBlock = fc.record({
  stage: fc.nat(5),
  block: fc.nat(100),
  arm: fc.nat(2),
  planned: count,
  started: count,
  failed: count,
  censored: count,
  good: fc.array(count, { maxLength: 2 }),
  responseTime: counts,
  serviceTime: counts,
});
const pieceFields = {
  offset: count,
  bytes: fc.uint8Array({ maxLength: 50 }).map((bytes) => Buffer.from(bytes)),
};
const piece = fc.record({
  file: fc.constantFrom("observations" as const, "exposures" as const, "responses" as const),
  ...pieceFields,
});
const clock = fc.record({ offsetUs: count, errorUs: count });
const settledNs = fc.oneof(count, fc.constant(Number.POSITIVE_INFINITY));
const message: fc.Arbitrary<ShardMessage> = fc.oneof(
  fc.record({
    kind: fc.constant("window" as const),
    counts: fc.array(armCounts, { maxLength: 3 }),
    pieces: fc.array(piece, { maxLength: 3 }),
    clock: fc.option(clock),
  }),
  fc.record({
    kind: fc.constant("blocks" as const),
    told: fc.record({ settledNs, blocks: fc.array(armBlock, { maxLength: 3 }) }),
  }),
  fc.record({ kind: fc.constant("gone" as const), arm: fc.nat(2), forNs: count }),
  fc.record({
    kind: fc.constant("emulated" as const),
    counts: fc.constant(null),
    pieces: fc.array(fc.record({ ...pieceFields, file: fc.constant("calls" as const) }), {
      maxLength: 3,
    }),
    clock: fc.option(clock),
  }),
);
const origin = fc.record({
  worker: fc.string(),
  shard: fc.nat(9),
  attempt: fc.integer({ min: 1, max: 9 }),
  n: count,
});

describe("what a worker tells", () => {
  it("is heard as it was said: counts by bucket, bytes by byte, and an end that never comes", () => {
    fc.assert(
      fc.property(origin, message, (from, told) => {
        const heard = decodeMessage(encodeMessage(from, told));
        expect(heard.from).toEqual(from);
        expect(heard.told).toEqual(told);
      }),
    );
  });

  it("is refused when bytes are missing or of another version", () => {
    fc.assert(
      fc.property(origin, message, (from, told) => {
        const { bytes, words } = encodeMessage(from, told);
        const older = words.replace(`{"v":${WIRE_VERSION}`, '{"v":0');
        expect(() => decodeMessage({ words: older, bytes })).toThrow(/"v"/);
        const longer = Buffer.concat([bytes, Buffer.alloc(1)]);
        expect(() => decodeMessage({ words, bytes: longer })).toThrow(RangeError);
      }),
      { numRuns: 30 },
    );
  });
});
