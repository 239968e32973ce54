import { describe, expect, it } from "vitest";
import { betweenRun } from "../../src/stats/index.ts";
import { gaussians } from "./simulate.ts";

/** Runs whose estimates have this SD between them and that standard error within each. */
function runs(replication: number, count: number, tau: number, se: number) {
  const normal = gaussians(`between ${replication}`);
  return Array.from({ length: count }, () => ({
    estimate: tau * normal() + se * normal(),
    se,
    df: 40,
  }));
}

const REPLICATIONS = 1_000;
const each = <T>(of: (replication: number) => T): T[] =>
  Array.from({ length: REPLICATIONS }, (_, i) => of(i));

describe("how much runs of one build differ", () => {
  it("is right on average, and its upper end holds as often as it says", () => {
    const tau = 0.02;
    const found = each((i) => betweenRun(runs(i, 20, tau, 0.01)));
    const meanVariance =
      found.reduce((sum, { betweenSd }) => sum + betweenSd ** 2, 0) / REPLICATIONS;
    expect(meanVariance).toBeCloseTo(tau ** 2, 4);
    const held = found.filter(({ upperSd }) => upperSd >= tau).length / REPLICATIONS;
    expect(held).toBeGreaterThan(0.77);
    expect(held).toBeLessThan(0.84);
  });

  it("runs that differ by no more than their blocks say may come out as 0, but never for sure", () => {
    const found = each((i) => betweenRun(runs(i, 10, 0, 0.01)));
    const none = found.filter(({ betweenSd }) => betweenSd === 0);
    expect(none.length).toBeGreaterThan(0.4 * REPLICATIONS);
    for (const { upperSd } of found) expect(upperSd).toBeGreaterThan(0.005);
  });

  it("two runs, by hand: s² = 2, less what is uncertain within", () => {
    const [one, other] = [
      { estimate: 1, se: 1, df: 9 },
      { estimate: 3, se: 0, df: 9 },
    ];
    expect(betweenRun([one, other])).toMatchObject({
      mean: 2,
      sd: Math.SQRT2,
      betweenSd: Math.sqrt(1.5),
    });
    expect(() => betweenRun([one])).toThrow(/do not differ/);
  });
});
