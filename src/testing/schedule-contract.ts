import assert from "node:assert/strict";
import { NS_PER_S, type Prng, seededPrng } from "../core/index.ts";
import type { ArrivalSchedule } from "../schedule/index.ts";
import type { Suite } from "./suite.ts";

export type ScheduleMaker = (ratePerSec: number, durationNs: number) => ArrivalSchedule;

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

/** What every arrival process keeps to, at rates from one in 100 s to thousands a second. */
export function scheduleContract(name: string, make: ScheduleMaker, { describe, it }: Suite): void {
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

    it("plans its rate: 20,000 starts within six standard deviations of a Poisson count", () => {
      const planned = startsOf(make(2_000, 10 * NS_PER_S), 0).length;
      assert.ok(Math.abs(planned - 20_000) < 6 * Math.sqrt(20_000), `${planned} starts`);
    });

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

    it("says its rate and names itself", () => {
      const schedule = make(180, 25 * NS_PER_S);
      for (const elapsedS of [0, 12.5, 24.9]) {
        assert.equal(schedule.ratePerSec(elapsedS * NS_PER_S), 180);
      }
      assert.match(schedule.label, /180\/s for 25 s$/);
    });
  });
}
