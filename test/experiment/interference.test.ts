import { describe, expect, it } from "vitest";
import { type Prng, seededPrng } from "../../src/core/index.ts";
import {
  companyEffect,
  companyInRun,
  type Interference,
  judgeCompany,
  plannedInterference,
} from "../../src/experiment/index.ts";
import { normalQuantile } from "../../src/stats/index.ts";

const LIMITS = { alpha: 0.05, margin: 0.1 };
const CALIBRATIONS = 2_000;

/** Runs of one build differ by 2 %; the two of a pair, which have their starts in common, by 1 %. */
const [RUN_SD, OWN_SD] = [0.02, 0.01];

/** Pairs of runs on a host where company changes control by `factor`. */
function pairsOf(prng: Prng, count: number, factor: number): Interference["pairs"] {
  const normal = (): number => normalQuantile(prng());
  return Array.from({ length: count }, () => {
    const shared = 20_000 * Math.exp(RUN_SD * normal());
    return { alone: shared, beside: shared * factor * Math.exp(OWN_SD * normal()) };
  });
}

/** How often each status is come to, of calibrations of so many pairs. */
function statusShares(count: number, factor: number) {
  const prng = seededPrng(`company ${count} ${factor}`);
  const found = { pass: 0, open: 0, doubt: 0 };
  for (let calibration = 0; calibration < CALIBRATIONS; calibration++) {
    const effect = companyEffect(pairsOf(prng, count, factor))!;
    found[judgeCompany(effect, LIMITS).status] += 1 / CALIBRATIONS;
  }
  return found;
}

/** Three standard errors above a share of `CALIBRATIONS`. */
const atMost = (share: number): number =>
  share + 3 * Math.sqrt((share * (1 - share)) / CALIBRATIONS);

describe("what company does to control", () => {
  it.each([3, 5, 12])(
    "%i pairs: moved by the margin, a doubt in at most alpha/2 of calibrations",
    (count) => {
      expect(statusShares(count, 1.1).doubt).toBeLessThan(atMost(0.025));
      expect(statusShares(count, 0.9).doubt).toBeLessThan(atMost(0.025));
      expect(statusShares(count, 1.1).pass).toBeLessThan(atMost(0.025));
    },
  );

  it("five pairs tell nothing from twice the margin, and both from each other", () => {
    expect(statusShares(5, 1)).toMatchObject({ doubt: 0 });
    expect(statusShares(5, 1).pass).toBeGreaterThan(0.99);
    expect(statusShares(5, 1.2).doubt).toBeGreaterThan(0.99);
  });

  it("a run of other starts is held against runs alone, with what runs differ by", () => {
    const prng = seededPrng("in run");
    const share = (factor: number): number => {
      let doubts = 0;
      for (let run = 0; run < CALIBRATIONS; run++) {
        const pairs = pairsOf(prng, 5, 1);
        const measured = { ...companyEffect(pairs)!, pairs, loadSha256: "same" };
        const { alone } = plannedInterference(measured, true);
        const level = 20_000 * factor * Math.exp(RUN_SD * normalQuantile(prng()));
        const { status } = judgeCompany(companyInRun(alone!, level), LIMITS);
        if (status === "doubt") doubts++;
      }
      return doubts / CALIBRATIONS;
    };
    expect(share(1)).toBeLessThan(0.002);
    expect(share(1.1)).toBeLessThan(atMost(0.025));
    expect(share(1.35)).toBeGreaterThan(0.95);
  });

  it("two pairs are too few, and of another load levels say nothing", () => {
    const pairs = pairsOf(seededPrng("few"), 2, 1);
    expect(companyEffect(pairs)).toBeNull();
    const measured = { estimate: 0, se: 0.01, df: 1, pairs, loadSha256: "other" };
    expect(plannedInterference(measured, false)).toEqual({
      estimate: 0,
      se: 0.01,
      df: 1,
      pairs: 2,
    });
  });
});
