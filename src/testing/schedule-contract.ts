import assert from "node:assert/strict";
import { NS_PER_S, type Prng, seededPrng } from "../core/index.ts";
import type { ArrivalSchedule } from "../schedule/index.ts";
import type { Suite } from "./suite.ts";

/** Makes a schedule whose mean rate, over its whole length, is the one asked for, to a per cent. */
export type ScheduleMaker = (ratePerSec: number, durationNs: number) => ArrivalSchedule;

/** What a process is like, where it is not like a Poisson process of a steady rate. */
export interface ScheduleTraits {
  /**
   * At least the variance of the number of starts in 2.5 s at 2,000/s, divided by their mean: 1
   * unless told. Bursts need more, since a whole burst comes or does not.
   */
  readonly dispersion?: number;
  /** Whether the rate is the same throughout, as it is unless told. */
  readonly steady?: boolean;
}

const SHAPES = [
  { ratePerSec: 200, durationS: 5, firstSeq: 0 },
  { ratePerSec: 0.37, durationS: 40, firstSeq: 3 },
  { ratePerSec: 12_345.6, durationS: 0.25, firstSeq: 1_000_003 },
  { ratePerSec: 0.01, durationS: 1_000, firstSeq: 1 },
  { ratePerSec: 0.01, durationS: 1, firstSeq: 0 },
] as const;

const startsOf = (schedule: ArrivalSchedule, firstSeq: number, seed = "contract"): number[] => [
  ...schedule.intendedStartsNs(seededPrng(seed), firstSeq),
];

/** ∫ rate dt over part of a schedule, by the midpoint rule. */
function expectedStarts(schedule: ArrivalSchedule, fromNs: number, toNs: number): number {
  const steps = 10_000;
  const stepNs = (toNs - fromNs) / steps;
  let sum = 0;
  for (let i = 0; i < steps; i++) sum += schedule.ratePerSec(fromNs + (i + 0.5) * stepNs);
  return (sum * stepNs) / NS_PER_S;
}

/** What every arrival process keeps to, at rates from one in 100 s to thousands a second. */
export function scheduleContract(
  name: string,
  make: ScheduleMaker,
  suite: Suite,
  { dispersion = 1, steady = true }: ScheduleTraits = {},
): void {
  const { describe, it } = suite;
  describe(`arrival schedule ${name}`, () => {
    for (const { ratePerSec, durationS, firstSeq } of SHAPES) {
      it(`plans finite, non-decreasing starts below its end at ${ratePerSec}/s`, () => {
        const durationNs = durationS * NS_PER_S;
        const schedule = make(ratePerSec, durationNs);
        assert.equal(schedule.durationNs, durationNs);
        let previousNs = 0;
        for (const startNs of startsOf(schedule, firstSeq)) {
          assert.ok(startNs >= previousNs && startNs < durationNs, `start at ${startNs} ns`);
          previousNs = startNs;
        }
      });
    }

    it("plans its rate: each quarter of 20,000 starts, within six standard deviations", () => {
      const schedule = make(2_000, 10 * NS_PER_S);
      const starts = startsOf(schedule, 0);
      for (let quarter = 0; quarter < 4; quarter++) {
        const [fromNs, toNs] = [quarter * 2.5 * NS_PER_S, (quarter + 1) * 2.5 * NS_PER_S];
        const planned = starts.filter((startNs) => startNs >= fromNs && startNs < toNs).length;
        const expected = expectedStarts(schedule, fromNs, toNs);
        const off = Math.abs(planned - expected);
        assert.ok(off < 6 * Math.sqrt(dispersion * expected), `${planned} starts of ${expected}`);
      }
    });

    isLazyAndPure(make, suite);
    picksWhatItPlans(make, suite);

    it("says its rate and names itself", () => {
      const durationNs = 25 * NS_PER_S;
      const schedule = make(180, durationNs);
      const mean = expectedStarts(schedule, 0, durationNs) / 25;
      assert.ok(Math.abs(mean / 180 - 1) < 0.01, `${mean}/s on average`);
      assert.match(schedule.label, /\d \w/);
      if (!steady) return;
      for (const elapsedS of [0, 12.5, 24.9]) {
        const ratePerSec = schedule.ratePerSec(elapsedS * NS_PER_S);
        assert.ok(Math.abs(ratePerSec / 180 - 1) < 1e-9, `${ratePerSec}/s after ${elapsedS} s`);
      }
      assert.match(schedule.label, /180\/s for 25 s$/);
    });
  });
}

function isLazyAndPure(make: ScheduleMaker, { it }: Suite): void {
  it("is lazy: the first ten of a billion starts draw chance at most twenty times", () => {
    let draws = 0;
    const seeded = seededPrng("lazy");
    const counting: Prng = () => {
      draws++;
      return seeded();
    };
    const starts = make(1_000, 1e6 * NS_PER_S).intendedStartsNs(counting, 0);
    const taken = starts[Symbol.iterator]();
    for (let i = 0; i < 10; i++) assert.equal(taken.next().done, false);
    assert.ok(draws <= 20, `${draws} draws`);
  });

  it("depends on its arguments only: the same seed and number give the same starts", () => {
    const schedule = make(300, NS_PER_S);
    assert.deepEqual(startsOf(schedule, 7), startsOf(schedule, 7));
    assert.deepEqual(startsOf(make(300, NS_PER_S), 7), startsOf(schedule, 7));
  });

  it("keeps nothing between walks: two that take turns find what one alone finds", () => {
    const schedule = make(300, NS_PER_S);
    const alone = startsOf(schedule, 7);
    const walks = [0, 1].map(() => {
      return schedule.intendedStartsNs(seededPrng("contract"), 7)[Symbol.iterator]();
    });
    for (const startNs of alone) {
      for (const walk of walks) assert.equal(walk.next().value, startNs);
    }
    for (const walk of walks) assert.equal(walk.next().done, true);
  });
}

function picksWhatItPlans(make: ScheduleMaker, { it }: Suite): void {
  it("picks a record and a copy for each of the same starts, if it picks at all", () => {
    const schedule = make(300, NS_PER_S);
    if (schedule.picks === undefined) return;
    const picks = [...schedule.picks(seededPrng("contract"), 7)];
    assert.deepEqual(
      picks.map(({ startNs }) => startNs),
      startsOf(schedule, 7),
    );
    for (const { copy, record } of picks) {
      assert.ok(Number.isSafeInteger(record) && record >= 0, `record ${record}`);
      assert.ok(Number.isSafeInteger(copy) && copy >= 0, `copy ${copy}`);
    }
  });
}
