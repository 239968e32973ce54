import { describe, expect, it } from "vitest";
import { NS_PER_S, seededPrng } from "../../src/core/index.ts";
import {
  poissonSchedule,
  recordedSchedule,
  sequenceSchedule,
  uniformSchedule,
} from "../../src/schedule/index.ts";

describe("a sequence of schedules", () => {
  it("lengths add up, each part begins where the one before ended, rates follow", () => {
    const whole = sequenceSchedule([uniformSchedule(2, 1e9), uniformSchedule(1, 3e9)]);
    expect([...whole.intendedStartsNs(seededPrng("unused"), 0)]).toEqual([
      0.25e9, 0.75e9, 1.5e9, 2.5e9, 3.5e9,
    ]);
    expect(whole.durationNs).toBe(4e9);
    expect([0, 0.9e9, 1e9, 4e9].map((atNs) => whole.ratePerSec(atNs))).toEqual([2, 2, 1, 1]);
    expect("picks" in whole).toBe(false);
  });

  it("tells each part how many starts came before it, and keeps what they pick", () => {
    const recorded = recordedSchedule([0, 1e8, 3e8], { durationNs: 0.35e9, loop: true });
    const whole = sequenceSchedule([recorded, uniformSchedule(10, 0.2e9), recorded]);
    const picks = [...whole.picks!(seededPrng("seed"), 4)];
    expect(picks.map(({ record }) => record % 3)).toEqual([0, 1, 2, 1, 2, 0, 1, 2]);
    const starts = [...whole.intendedStartsNs(seededPrng("seed"), 4)];
    expect(picks.map(({ startNs }) => startNs)).toEqual(starts);
  });

  it("gives each part luck of its own, whatever the length of those before", () => {
    const second = (firstS: number): number[] => {
      const parts = [poissonSchedule(50, firstS * NS_PER_S), poissonSchedule(50, NS_PER_S)];
      return [...sequenceSchedule(parts).intendedStartsNs(seededPrng("seed"), 0)]
        .filter((startNs) => startNs >= firstS * NS_PER_S)
        .map((startNs) => Math.round(startNs - firstS * NS_PER_S));
    };
    expect(second(1)).toEqual(second(3));
  });

  it("of nothing is nothing", () => {
    const none = sequenceSchedule([]);
    expect([none.durationNs, none.ratePerSec(0)]).toEqual([0, 0]);
    expect([...none.intendedStartsNs(seededPrng("unused"), 0)]).toEqual([]);
  });
});
