import * as fc from "fast-check";
import { decodeFromCompressedBase64 } from "hdr-histogram-js";
import { deflateSync } from "node:zlib";
import { expect, it } from "vitest";
import { decodeCounts, encodeCounts, Histogram } from "../../src/measure/index.ts";

const COMPRESSED_COOKIE = 0x1c849314;

/** The compressed form, which hdr-histogram-js reads: a cookie, a length, the rest deflated. */
function compressed(plain: Buffer): string {
  const deflated = deflateSync(plain);
  const head = Buffer.alloc(8);
  head.writeUInt32BE(COMPRESSED_COOKIE, 0);
  head.writeUInt32BE(deflated.length, 4);
  return Buffer.concat([head, deflated]).toString("base64");
}

const recorded = fc
  .array(
    fc.tuple(
      fc.oneof(fc.nat(3_000), fc.nat(3_600_000_000)),
      fc.oneof(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 2 ** 40 })),
    ),
    { maxLength: 60 },
  )
  .map((values) => {
    const histogram = new Histogram();
    for (const [valueUs, count] of values) histogram.record(valueUs, count);
    return histogram;
  });

it("counts come back from V2 as they went in", () => {
  fc.assert(
    fc.property(recorded, (histogram) => {
      const counts = histogram.toCounts();
      expect(decodeCounts(encodeCounts(counts))).toEqual(counts);
    }),
  );
});

it("hdr-histogram-js reads what is written", () => {
  fc.assert(
    fc.property(recorded, (histogram) => {
      const theirs = decodeFromCompressedBase64(compressed(encodeCounts(histogram.toCounts())), 64);
      expect(theirs.totalCount).toBe(histogram.count);
      expect(Histogram.decode(compressed(encodeCounts(histogram.toCounts()))).buckets()).toEqual(
        histogram.buckets(),
      );
    }),
    { numRuns: 25 },
  );
});

it("what is cut or no histogram is refused, and nothing is made of it", () => {
  fc.assert(
    fc.property(recorded, fc.nat(), (histogram, at) => {
      const whole = encodeCounts(histogram.toCounts());
      expect(() => decodeCounts(whole.subarray(0, at % whole.length))).toThrow(RangeError);
    }),
  );
  expect(() => decodeCounts(Buffer.alloc(40))).toThrow(RangeError);
});
