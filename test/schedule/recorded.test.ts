import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { NS_PER_S, seededPrng, ShakedownError } from "../../src/core/index.ts";
import {
  capturedRatePerSec,
  type RecordedOptions,
  recordedSchedule,
} from "../../src/schedule/index.ts";

const captures = fc
  .array(fc.integer({ min: 0, max: 5e8 }), { minLength: 1, maxLength: 12 })
  .map((gapsNs) => {
    let atNs = 0;
    return [0, ...gapsNs.slice(1).map((gapNs) => (atNs += gapNs))];
  });

const picksOf = (
  offsetsNs: readonly number[],
  options: Partial<RecordedOptions>,
  seed = "recorded",
) => {
  const schedule = recordedSchedule(offsetsNs, { durationNs: 1e4 * NS_PER_S, ...options });
  return [...schedule.picks!(seededPrng(seed), 0)];
};

/** From one repetition to the next, in seconds of the capture. */
const periodNsOf = (offsetsNs: readonly number[]): number =>
  (offsetsNs.length / capturedRatePerSec(offsetsNs)) * NS_PER_S;

describe("recorded, as it was captured", () => {
  it("plays the capture's own times exactly, each with its record, and then ends", () => {
    fc.assert(
      fc.property(captures, (offsetsNs) => {
        const wanted = offsetsNs.map((startNs, record) => ({ startNs, record, copy: 0 }));
        expect(picksOf(offsetsNs, {})).toEqual(wanted);
      }),
    );
  });

  it("speed divides the times; a short schedule cuts the capture off", () => {
    expect(picksOf([0, 3e9, 4e9], { speed: 2 }).map(({ startNs }) => startNs)).toEqual([
      0, 1.5e9, 2e9,
    ]);
    expect(picksOf([0, 3e9, 4e9], { speed: 2, durationNs: 2e9 })).toHaveLength(2);
    const schedule = recordedSchedule([0, 3e9, 4e9], { durationNs: 9e9, speed: 2 });
    expect(schedule.ratePerSec(1e9)).toBe(1);
    // Over, one mean gap after the last record.
    expect(schedule.ratePerSec(3e9)).toBe(0);
  });

  it("repeated, it keeps every gap; between repetitions lies one mean gap", () => {
    fc.assert(
      fc.property(captures, (offsetsNs) => {
        const records = offsetsNs.length;
        const durationNs = 3.5 * periodNsOf(offsetsNs);
        const picks = picksOf(offsetsNs, { durationNs, loop: true });
        const meanGapNs = NS_PER_S / capturedRatePerSec(offsetsNs);
        expect(picks[0]!.startNs).toBe(0);
        for (const [i, { copy, record, startNs }] of picks.entries()) {
          expect([record, copy]).toEqual([i % records, 0]);
          if (i === 0) continue;
          const wrapNs = periodNsOf(offsetsNs) - offsetsNs.at(-1)!;
          expect(offsetsNs.at(-1) === 0 || Math.abs(wrapNs - meanGapNs) < 1e-3).toBe(true);
          const wantedNs = record === 0 ? wrapNs : offsetsNs[record]! - offsetsNs[record - 1]!;
          expect(Math.abs(startNs - picks[i - 1]!.startNs - wantedNs)).toBeLessThan(1e-3);
        }
      }),
    );
  });

  it("cut into stages, each from where the one before stopped, it is what it was whole", () => {
    const cuts = fc.array(fc.integer({ min: 1, max: 1_000_000 }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(captures, cuts, fc.boolean(), (offsetsNs, parts, loop) => {
        // Whole nanoseconds, so that a sum of lengths is the same however it is added up.
        const lengthsNs = parts.map((part) => Math.ceil((periodNsOf(offsetsNs) * part) / 4e5));
        const totalNs = lengthsNs.reduce((sum, lengthNs) => sum + lengthNs, 0);
        let fromNs = 0;
        const inStages = lengthsNs.flatMap((durationNs) => {
          const stage = picksOf(offsetsNs, { durationNs, fromNs, loop });
          const beganNs = fromNs;
          fromNs += durationNs;
          return stage.map(({ record, startNs }) => [record, Math.round(beganNs + startNs)]);
        });
        const whole = picksOf(offsetsNs, { durationNs: totalNs, loop });
        expect(inStages).toEqual(whole.map(({ record, startNs }) => [record, Math.round(startNs)]));
      }),
    );
  });

  it("every whole repetition sends each record once", () => {
    fc.assert(
      fc.property(captures, fc.integer({ min: 1, max: 9 }), (offsetsNs, repetitions) => {
        // A hair less, so that the first start after the end is not one of rounding.
        const durationNs = repetitions * periodNsOf(offsetsNs) * (1 - 1e-9);
        const picks = picksOf(offsetsNs, { durationNs, loop: true });
        expect(picks).toHaveLength(repetitions * offsetsNs.length);
      }),
    );
  });

  it("a capture without a length counts as one record a second", () => {
    const startsOf = (offsetsNs: readonly number[], speed: number) =>
      picksOf(offsetsNs, { speed, loop: true, durationNs: NS_PER_S }).map((each) => each.startNs);
    expect(startsOf([0], 4)).toEqual([0, 25e7, 5e8, 75e7]);
    expect(startsOf([0, 0, 0], 6)).toEqual([0, 0, 0, 5e8, 5e8, 5e8]);
  });

  it.each<[string, readonly number[], Partial<RecordedOptions>]>([
    ["an empty profile, and does not hang", [], {}],
    ["a speed of 0", [0, 1], { speed: 0 }],
    ["a clump below 1", [0, 1], { clump: 0.5 }],
    ["a negative multiple", [0, 1], { multiple: { from: 1, to: -1 } }],
    ["a multiple that is no number", [0, 1], { multiple: { from: Number.NaN, to: 1 } }],
  ])("refuses %s", (_, offsetsNs, options) => {
    expect(() => picksOf(offsetsNs, options)).toThrow(ShakedownError);
  });
});

describe("recorded, several times over", () => {
  const multiples = fc.double({ min: 0, max: 5, noNaN: true });

  it("a whole multiple sends every record of every copy once a period, the original in place", () => {
    fc.assert(
      fc.property(captures, fc.integer({ min: 2, max: 6 }), fc.boolean(), (offsetsNs, k, loop) => {
        const durationNs = (loop ? 3 * (1 - 1e-9) : 9) * periodNsOf(offsetsNs);
        const picks = picksOf(offsetsNs, { durationNs, loop, multiple: { from: k, to: k } });
        expect(picks).toHaveLength((loop ? 3 : 1) * k * offsetsNs.length);
        const seen = new Map<string, number>();
        for (const { copy, record } of picks) {
          const which = `${copy}/${record}`;
          seen.set(which, (seen.get(which) ?? 0) + 1);
        }
        expect(seen.size).toBe(k * offsetsNs.length);
        expect(new Set(seen.values())).toEqual(new Set([loop ? 3 : 1]));
        const original = picks.filter(({ copy }) => copy === 0).slice(0, offsetsNs.length);
        expect(original.map(({ startNs }) => startNs)).toEqual(offsetsNs);
      }),
    );
  });

  it("each copy is the capture, shifted and wrapped round: its gaps are the capture's", () => {
    fc.assert(
      fc.property(captures, (offsetsNs) => {
        const [records, periodNs] = [offsetsNs.length, periodNsOf(offsetsNs)];
        const picks = picksOf(offsetsNs, { multiple: { from: 3, to: 3 } });
        for (const copy of [1, 2]) {
          const own = picks.filter((pick) => pick.copy === copy);
          for (const [i, { record, startNs }] of own.entries()) {
            expect(startNs).toBeLessThanOrEqual(periodNs);
            if (i === 0) continue;
            expect(record).toBe((own[i - 1]!.record + 1) % records);
            const gapNs = startNs - own[i - 1]!.startNs;
            const before = offsetsNs[own[i - 1]!.record]! - (record === 0 ? periodNs : 0);
            expect(Math.abs(gapNs - (offsetsNs[record]! - before))).toBeLessThan(1e-3);
          }
        }
      }),
    );
  });

  it("more times over only adds: whatever a smaller multiple sends, a larger one sends too", () => {
    const clumps = fc.double({ min: 1, max: 4, noNaN: true });
    fc.assert(
      fc.property(captures, multiples, multiples, clumps, (offsetsNs, one, other, clump) => {
        const walk = (k: number): Set<string> =>
          new Set(
            picksOf(offsetsNs, { multiple: { from: k, to: k }, clump })
              // At 1 it is the capture, in whatever way it comes about.
              .map(({ copy, record, startNs }) => `${copy}/${record}/${startNs}`),
          );
        const [few, many] = [walk(Math.min(one, other)), walk(Math.max(one, other))];
        for (const each of few) expect(many.has(each)).toBe(true);
      }),
    );
  });

  it("a ramp sends what its multiple grows to, clump by clump", () => {
    const offsetsNs = Array.from({ length: 20_000 }, (_, i) => i * 1e7);
    const durationNs = 200 * NS_PER_S;
    const schedule = recordedSchedule(offsetsNs, {
      durationNs,
      multiple: { from: 0, to: 4 },
      clump: 2.5,
    });
    const counts = [0, 0, 0, 0];
    for (const { copy, startNs } of schedule.picks!(seededPrng("ramp"), 0)) {
      counts[Math.floor(startNs / (50 * NS_PER_S))]!++;
      // Copy j is not there before the multiple has reached j; a clump may begin just before.
      expect(startNs).toBeGreaterThanOrEqual(copy * 50 * NS_PER_S - 1);
    }
    for (const [quarter, count] of counts.entries()) {
      // At most one copy is thinned at a time: chance moves no more than 5,000 × ½ × √2.5 arrivals.
      const wanted = 5_000 * (quarter + 0.5);
      expect(Math.abs(count - wanted)).toBeLessThan(5 * Math.sqrt(5_000 * 0.25 * 3));
    }
    expect(schedule.ratePerSec(durationNs / 2)).toBeCloseTo(200, 6);
  });

  it("kept and left out together: clumps have the mean length that was asked for", () => {
    const offsetsNs = Array.from({ length: 50_000 }, (_, i) => i * 1e6);
    const clump = 3.4;
    const picks = picksOf(offsetsNs, { multiple: { from: 0.02, to: 0.02 }, clump });
    const runs = picks.filter(({ record }, i) => picks[i - 1]?.record !== record - 1).length;
    // So few are kept that two in a row are rarely neighbours: a run is a clump, but for 2 %.
    expect(picks.length / runs / clump).toBeGreaterThan(0.95);
    expect(picks.length / runs / clump).toBeLessThan(1.1);
    const lengths = new Set<number>();
    let length = 1;
    for (const [i, { record }] of picks.entries()) {
      if (picks[i + 1]?.record === record + 1) length++;
      else {
        lengths.add(length);
        length = 1;
      }
    }
    expect([...lengths].toSorted((a, b) => a - b).slice(0, 2)).toEqual([3, 4]);
  });
});
