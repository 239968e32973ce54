import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { NS_PER_S, seededPrng, ShakedownError } from "../../src/core/index.ts";
import { recordedSchedule, stagedStarts } from "../../src/schedule/index.ts";

const captures = fc
  .array(fc.integer({ min: 0, max: 5e8 }), { minLength: 1, maxLength: 12 })
  .map((gapsNs) => {
    let atNs = 0;
    return [0, ...gapsNs.slice(1).map((gapNs) => (atNs += gapNs))];
  });

const startsOf = (
  offsetsNs: readonly number[],
  ratePerSec: number,
  { durationS, firstSeq = 0 }: { durationS: number; firstSeq?: number },
): number[] => [
  ...recordedSchedule(offsetsNs, ratePerSec, durationS * NS_PER_S).intendedStartsNs(
    seededPrng("unused"),
    firstSeq,
  ),
];

describe("recorded", () => {
  it("keeps the capture's relative gaps; between repetitions lies one mean gap", () => {
    fc.assert(
      fc.property(captures, fc.nat(40), (offsetsNs, firstSeq) => {
        const [records, ratePerSec] = [offsetsNs.length, 50];
        const starts = startsOf(offsetsNs, ratePerSec, { durationS: 1, firstSeq });
        const lastNs = offsetsNs.at(-1)!;
        const meanGapNs = NS_PER_S / ratePerSec;
        const speed = lastNs === 0 ? 0 : ((records - 1) * meanGapNs) / lastNs;
        for (let i = 1; i < starts.length; i++) {
          const record = (firstSeq + i) % records;
          const wrapNs = lastNs === 0 ? records * meanGapNs : meanGapNs;
          const wantedNs =
            record === 0 ? wrapNs : (offsetsNs[record]! - offsetsNs[record - 1]!) * speed;
          expect(Math.abs(starts[i]! - starts[i - 1]! - wantedNs)).toBeLessThan(1e-3);
        }
      }),
    );
  });

  it("plans its mean rate: every whole repetition takes records / rate", () => {
    fc.assert(
      fc.property(captures, fc.integer({ min: 1, max: 9 }), (offsetsNs, repetitions) => {
        const records = offsetsNs.length;
        // A hair less, so that the first start after the end is not one of rounding.
        const durationS = ((repetitions * records) / 50) * (1 - 1e-9);
        expect(startsOf(offsetsNs, 50, { durationS })).toHaveLength(repetitions * records);
      }),
    );
  });

  it("goes on across stages where the capture was: start n keeps the gap before record n", () => {
    const offsetsNs = [0, 1e6, 2e6, 50e6, 51e6, 200e6, 201e6];
    const stages = [20, 60, 90].map((rate) => recordedSchedule(offsetsNs, rate, NS_PER_S));
    const planned = [...stagedStarts(stages, "seed")];
    const speeds = [20, 60, 90].map((rate) => ((6 / rate) * NS_PER_S) / 201e6);
    for (const [i, { seq, stage, intendedNs }] of planned.entries()) {
      const previous = planned[i - 1];
      const record = seq % offsetsNs.length;
      if (previous?.stage !== stage || record === 0) continue;
      const gapNs = (offsetsNs[record]! - offsetsNs[record - 1]!) * speeds[stage]!;
      expect(intendedNs - previous.intendedNs).toBeCloseTo(gapNs, 3);
    }
    expect(planned.map(({ stage }) => stage)).toEqual(
      planned.map(({ stage }) => stage).toSorted((a, b) => a - b),
    );
  });

  it("one record is sent at an even rate", () => {
    expect(startsOf([0], 4, { durationS: 1, firstSeq: 9 })).toEqual([0, 25e7, 5e8, 75e7]);
  });

  it("records that came at once are sent at once, a repetition at a time", () => {
    expect(startsOf([0, 0, 0], 3, { durationS: 2 })).toEqual([0, 0, 0, 1e9, 1e9, 1e9]);
  });

  it("a slow rate stretches the capture", () => {
    expect(startsOf([0, 1, 3], 0.01, { durationS: 300 })).toEqual([0, 200e9 / 3, 200e9]);
  });

  it("an empty profile is refused, and does not hang", () => {
    expect(() => recordedSchedule([], 1, NS_PER_S)).toThrow(ShakedownError);
  });
});
