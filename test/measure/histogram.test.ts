import * as fc from "fast-check";
import { Float64Histogram } from "hdr-histogram-js";
import { describe, expect, it } from "vitest";
import { Histogram, quantilesUs } from "../../src/measure/index.ts";

const HOUR_US = 3_600_000_000;
const values = fc.array(
  fc.oneof(
    fc.integer({ min: 0, max: 5_000 }),
    fc.integer({ min: 0, max: HOUR_US }),
    fc.double({ min: 0, max: 1e6, noNaN: true }),
  ),
  { minLength: 1, maxLength: 200 },
);

function histogramOf(valuesUs: readonly number[]): Histogram {
  const histogram = new Histogram();
  for (const valueUs of valuesUs) histogram.record(valueUs);
  return histogram;
}

/** Three significant digits: whole microseconds up to 2,048, then 1 in 1,024 at most. */
const bucketUs = (valueUs: number): number => Math.max(1, valueUs / 1_000);

/** Whole microseconds from 0 to an hour, of every magnitude, and the edges of doublings. */
const wholes = fc.oneof(
  fc.nat(5_000),
  fc.nat(HOUR_US),
  fc.tuple(fc.integer({ min: 0, max: 31 }), fc.integer({ min: -2, max: 2 })).map(([bits, near]) => {
    return Math.min(Math.max(2 ** bits + near, 0), HOUR_US);
  }),
);

describe("the histogram", () => {
  it("its buckets are those of hdr-histogram-js, from 0 to an hour", () => {
    const reference = new Float64Histogram(1, HOUR_US, 3);
    fc.assert(
      fc.property(wholes, (us) => {
        const histogram = histogramOf([us]);
        const [index] = histogram.toCounts().index;
        expect(index).toBe(reference.countsArrayIndex(us));
        expect(histogram.buckets()[0]?.valueUs).toBe(reference.highestEquivalentValue(us));
        expect(histogram.quantile(0)).toBe(reference.lowestEquivalentValue(us));
        expect(histogram.meanUs).toBe(reference.medianEquivalentValue(us));
      }),
      { numRuns: 5_000 },
    );
  });

  it("asked to be dense it holds the same, and so does what its counts make elsewhere", () => {
    fc.assert(
      fc.property(values, (valuesUs) => {
        const histogram = histogramOf(valuesUs);
        const dense = new Histogram({ dense: true });
        for (const valueUs of valuesUs) dense.record(valueUs);
        const sent = Histogram.fromCounts(structuredClone(dense.toCounts()));
        for (const other of [dense, sent]) {
          expect(other.buckets()).toEqual(histogram.buckets());
          expect(other.count).toBe(histogram.count);
          expect(other.toCounts()).toEqual(histogram.toCounts());
        }
      }),
    );
  });

  it("one that was cleared holds nothing of before, and then what a new one holds", () => {
    fc.assert(
      fc.property(values, values, fc.boolean(), (before, valuesUs, dense) => {
        const used = new Histogram({ dense });
        for (const valueUs of before) used.record(valueUs);
        used.clear();
        expect([used.count, used.maxUs, used.buckets()]).toEqual([0, 0, []]);
        for (const valueUs of valuesUs) used.record(valueUs);
        const fresh = histogramOf(valuesUs);
        expect(used.toCounts()).toEqual(fresh.toCounts());
        expect([used.maxUs, used.encode()]).toEqual([fresh.maxUs, fresh.encode()]);
      }),
    );
  });

  it("refuses counts that are not a histogram's", () => {
    const count = Float64Array.of(1);
    for (const index of [Uint32Array.of(), Uint32Array.of(1, 2), Uint32Array.of(2 ** 31)]) {
      expect(() => Histogram.fromCounts({ index, count })).toThrow(RangeError);
    }
  });

  it("counts do not wrap around, in memory or encoded", () => {
    for (const dense of [true, false]) {
      const histogram = new Histogram({ dense });
      histogram.record(7, 2 ** 32 - 1);
      histogram.record(7);
      histogram.record(7, 2 ** 40);
      const both = Histogram.decode(histogram.encode());
      both.add(histogram);
      expect(both.buckets()).toEqual([{ valueUs: 7, count: 2 ** 41 + 2 ** 33 }]);
    }
  });

  it("quantile p is the smallest value at or below which a share p lies, to one bucket", () => {
    const shares = fc.constantFrom(0.001, 0.01, 0.25, 0.5, 0.75, 0.9, 0.99, 0.999, 1);
    fc.assert(
      fc.property(values, shares, (valuesUs, p) => {
        const sorted = valuesUs.toSorted((a, b) => a - b);
        const exact = sorted[Math.max(Math.ceil(p * sorted.length - 1e-9), 1) - 1]!;
        const found = histogramOf(valuesUs).quantile(p);
        expect(Math.abs(found - exact)).toBeLessThanOrEqual(bucketUs(exact));
      }),
      { numRuns: 500 },
    );
  });

  it("count, smallest, largest and mean are those of the values, to one bucket", () => {
    fc.assert(
      fc.property(values, (valuesUs) => {
        const histogram = histogramOf(valuesUs);
        const whole = valuesUs.map((valueUs) => Math.round(valueUs));
        const max = Math.max(...whole);
        const min = max === 0 ? 0 : Math.min(...whole.filter((us) => us > 0));
        expect(histogram.count).toBe(valuesUs.length);
        expect(Math.abs(histogram.maxUs - max)).toBeLessThanOrEqual(bucketUs(max));
        expect(Math.abs(histogram.minUs - min)).toBeLessThanOrEqual(bucketUs(min));
        const mean = whole.reduce((sum, us) => sum + us, 0) / whole.length;
        expect(Math.abs(histogram.meanUs - mean)).toBeLessThanOrEqual(bucketUs(mean));
      }),
    );
  });

  it("adding is recording everything in one", () => {
    fc.assert(
      fc.property(values, values, (a, b) => {
        const merged = histogramOf(a);
        merged.add(histogramOf(b));
        const together = histogramOf([...a, ...b]);
        expect(merged.buckets()).toEqual(together.buckets());
        expect(quantilesUs(merged)).toEqual(quantilesUs(together));
        expect(merged.count).toBe(a.length + b.length);
        merged.add(merged);
        const twice = together
          .buckets()
          .map(({ count, valueUs }) => ({ count: 2 * count, valueUs }));
        expect(merged.buckets()).toEqual(twice);
      }),
    );
  });

  it("encoding and decoding loses nothing", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(HOUR_US)), (valuesUs) => {
        const histogram = histogramOf(valuesUs);
        const back = Histogram.decode(histogram.encode());
        expect(back.buckets()).toEqual(histogram.buckets());
        for (const key of ["count", "minUs", "maxUs", "meanUs"] as const) {
          expect(back[key]).toBe(histogram[key]);
        }
        expect(quantilesUs(back)).toEqual(quantilesUs(histogram));
        back.record(7);
        expect(back.count).toBe(histogram.count + 1);
      }),
    );
  });

  it.each(["", "nonsense", "AAAA", "SElTVEZBQUFBQQ=="])("refuses to decode %j", (text) => {
    expect(() => Histogram.decode(text)).toThrow(Error);
  });

  it("the count at or below a value rises from none to all, and is right to one bucket", () => {
    fc.assert(
      fc.property(values, values, (valuesUs, looks) => {
        const histogram = histogramOf(valuesUs);
        const counts = looks
          .toSorted((a, b) => a - b)
          .map((us) => {
            const count = histogram.countAtOrBelow(us);
            const slack = bucketUs(us) + 1;
            expect(count).toBeGreaterThanOrEqual(valuesUs.filter((v) => v <= us - slack).length);
            expect(count).toBeLessThanOrEqual(valuesUs.filter((v) => v <= us + slack).length);
            return count;
          });
        expect(counts).toEqual(counts.toSorted((a, b) => a - b));
        expect(histogram.countAtOrBelow(-1)).toBe(0);
        expect(histogram.countAtOrBelow(Number.POSITIVE_INFINITY)).toBe(valuesUs.length);
      }),
    );
  });

  it("buckets ascend, and hold every value once", () => {
    fc.assert(
      fc.property(values, (valuesUs) => {
        const rows = histogramOf(valuesUs).buckets();
        expect(rows.reduce((sum, { count }) => sum + count, 0)).toBe(valuesUs.length);
        const ends = rows.map(({ valueUs }) => valueUs);
        expect(ends).toEqual(ends.toSorted((a, b) => a - b));
        expect(new Set(ends).size).toBe(ends.length);
      }),
    );
  });

  it("counts what is longer than an hour as an hour, and what is no time at all as 0", () => {
    const histogram = histogramOf([HOUR_US * 2, 1e15, Number.POSITIVE_INFINITY, -5, Number.NaN]);
    expect(histogram.count).toBe(5);
    expect(histogram.countAtOrBelow(0)).toBe(2);
    expect(Math.abs(histogram.maxUs / HOUR_US - 1)).toBeLessThan(0.001);
    expect(histogram.quantile(1)).toBe(histogram.maxUs);
  });

  it("is zeros when it is empty", () => {
    const empty = new Histogram();
    expect(quantilesUs(empty)).toEqual({ p50: 0, p90: 0, p99: 0, p999: 0, max: 0 });
    expect([empty.count, empty.minUs, empty.maxUs, empty.meanUs]).toEqual([0, 0, 0, 0]);
    expect(empty.buckets()).toEqual([]);
    expect(empty.countAtOrBelow(HOUR_US)).toBe(0);
  });

  it("records a value many times at once", () => {
    const histogram = new Histogram();
    histogram.record(250.4, 1_000);
    expect(histogram.buckets()).toEqual([{ valueUs: 250, count: 1_000 }]);
  });
});
