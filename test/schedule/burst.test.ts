import { describe, expect, it } from "vitest";
import { NS_PER_S, seededPrng, ShakedownError } from "../../src/core/index.ts";
import { type Bursts, burstOver, linearRate, steadyRate } from "../../src/schedule/index.ts";
import { indexOfDispersion } from "../../src/stats/index.ts";

/**
 * The index of dispersion for counts of a two-state MMPP over windows of `windowS`, for a mean rate.
 * Source: Fischer & Meier-Hellstern 1993, "The Markov-modulated Poisson process (MMPP) cookbook",
 * Performance Evaluation 18:149, for two states; Heffes & Lucantoni 1986, IEEE JSAC 4:856.
 */
function dispersionInTheory(ratePerSec: number, bursts: Bursts, windowS: number): number {
  const { ratio, share } = bursts;
  const meanS = bursts.meanNs / NS_PER_S;
  const [burst, quiet] = [ratePerSec * ratio, (ratePerSec * (1 - share * ratio)) / (1 - share)];
  // Changes per second out of a burst, and into one.
  const [out, into] = [1 / meanS, share / (1 - share) / meanS];
  const both = out + into;
  const spread =
    (2 * out * into * (burst - quiet) ** 2) / (both ** 2 * (burst * into + quiet * out));
  return 1 + spread - (spread / (both * windowS)) * (1 - Math.exp(-both * windowS));
}

const startsOf = (bursts: Bursts, seed = "burst"): number[] => [
  ...burstOver(steadyRate(20, 20_000 * NS_PER_S), bursts).intendedStartsNs(seededPrng(seed), 0),
];

describe("burst", () => {
  // Ten thousand bursts and more: their variance is then known to a few per cent.
  it.each([
    { ratio: 5, share: 0.1, meanNs: 0.2 * NS_PER_S },
    { ratio: 2, share: 0.5, meanNs: 0.5 * NS_PER_S },
    { ratio: 1.5, share: 0.3, meanNs: 0.3 * NS_PER_S },
  ])("×$ratio for $share of the time: mean rate and dispersion are as in theory", (bursts) => {
    const starts = startsOf(bursts);
    const overall = dispersionInTheory(20, bursts, 20_000);
    const off = Math.abs(starts.length - 400_000);
    expect(off).toBeLessThan(4 * Math.sqrt(overall * 400_000));
    for (const windowS of [0.1, 1, 10]) {
      const got = indexOfDispersion(starts, windowS * NS_PER_S, 20_000 * NS_PER_S);
      const ratio = got / dispersionInTheory(20, bursts, windowS);
      // Of 2,000 windows of 10 s, the variance has a standard deviation of 3.2 %.
      expect(Math.abs(ratio - 1)).toBeLessThan(windowS === 10 ? 0.12 : 0.06);
    }
  });

  it("×1 is no burst: a Poisson process", () => {
    const starts = startsOf({ ratio: 1, share: 0.2, meanNs: NS_PER_S });
    expect(indexOfDispersion(starts, NS_PER_S, 20_000 * NS_PER_S)).toBeCloseTo(1, 1);
  });

  it("begins as it goes on: first seconds of many runs hold the mean rate", () => {
    const bursts = { ratio: 8, share: 0.1, meanNs: NS_PER_S };
    const schedule = burstOver(steadyRate(50, NS_PER_S), bursts);
    let total = 0;
    for (let run = 0; run < 2_000; run++) {
      total += [...schedule.intendedStartsNs(seededPrng(`run ${run}`), 0)].length;
    }
    const sd = Math.sqrt(dispersionInTheory(50, bursts, 1) / 100_000);
    expect(Math.abs(total / 100_000 - 1)).toBeLessThan(4 * sd);
  });

  it("over a ramp, each half gets its part of the traffic", () => {
    const shape = linearRate(0, 200, 2_000 * NS_PER_S);
    const bursts = { ratio: 4, share: 0.2, meanNs: 0.2 * NS_PER_S };
    const starts = [...burstOver(shape, bursts).intendedStartsNs(seededPrng("ramp"), 0)];
    const early = starts.filter((startNs) => startNs < 1_000 * NS_PER_S).length;
    // About 5,000 bursts in the second half: a part of it is known to 2 or 3 %.
    expect(Math.abs(early / 50_000 - 1)).toBeLessThan(0.1);
    expect(Math.abs((starts.length - early) / 150_000 - 1)).toBeLessThan(0.1);
  });

  it.each([
    { ratio: 11, share: 0.1, meanNs: 1 },
    { ratio: 0.5, share: 0.1, meanNs: 1 },
    { ratio: 2, share: 0, meanNs: 1 },
    { ratio: 1, share: 1, meanNs: 1 },
    { ratio: 2, share: 0.1, meanNs: 0 },
    { ratio: Number.NaN, share: 0.1, meanNs: 1 },
  ])("refuses what cannot be: ×$ratio for $share of the time, $meanNs ns each", (bursts) => {
    expect(() => burstOver(steadyRate(1, 1), bursts)).toThrow(ShakedownError);
  });
});
