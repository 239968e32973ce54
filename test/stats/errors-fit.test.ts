import { describe, expect, it } from "vitest";
import { type Prng, seededPrng } from "../../src/core/index.ts";
import { fitErrors, writtenErrors } from "../../src/stats/index.ts";

const exponential = (mean: number, prng: Prng): number => -mean * Math.log1p(-prng());

function burstyByCall(calls: number, seed: string): boolean[] {
  const prng = seededPrng(seed);
  let bad = false;
  return Array.from({ length: calls }, () => {
    bad = bad ? prng() >= 0.05 : prng() < 0.005;
    return prng() < (bad ? 0.7 : 0.002);
  });
}

/** Bad for 2 s of 20 on average, whatever is called: calls come four times as often every other 10 s. */
function burstyByTime(calls: number, seed: string): { failed: boolean[]; atUs: number[] } {
  const prng = seededPrng(seed);
  let [nowUs, bad, untilUs] = [0, false, exponential(18e6, prng)];
  const seen = { failed: [] as boolean[], atUs: [] as number[] };
  while (seen.atUs.length < calls) {
    nowUs += exponential(Math.floor(nowUs / 10e6) % 2 === 0 ? 1e6 / 32 : 1e6 / 8, prng);
    for (; nowUs > untilUs; untilUs += exponential(bad ? 2e6 : 18e6, prng)) bad = !bad;
    seen.atUs.push(nowUs);
    seen.failed.push(prng() < (bad ? 0.8 : 0.01));
  }
  return seen;
}

const steadyUs = (calls: number): number[] => Array.from({ length: calls }, (_, i) => i * 10_000);

describe("error fit", () => {
  it("bursts by call: the chances of a long sequence are found again", () => {
    const fit = fitErrors(burstyByCall(30_000, "gilbert"));
    if (fit.kind !== "gilbert-elliott") throw new Error(fit.kind);
    expect(fit.pace).toBe("call");
    expect(Math.abs(fit.meanBurst / 20 - 1)).toBeLessThan(0.15);
    expect(Math.abs(fit.badRatio * 11 - 1)).toBeLessThan(0.2);
    expect(fit.errorRatioBad).toBeCloseTo(0.7, 1);
    expect(fit.errorRatioGood).toBeCloseTo(0.002, 2);
    expect(writtenErrors(fit)).toMatchObject({
      kind: "gilbert-elliott",
      badRatio: expect.closeTo(fit.badRatio, 6),
      meanBurst: fit.meanBurst,
    });
  });

  it("bursts by time: the lengths of bad times are found again, however often is called", () => {
    const { atUs, failed } = burstyByTime(30_000, "outages");
    const fit = fitErrors(failed, atUs);
    if (fit.kind !== "gilbert-elliott") throw new Error(fit.kind);
    expect(fit.pace).toBe("time");
    expect(Math.abs(fit.meanBurst / 2e6 - 1)).toBeLessThan(0.25);
    expect(Math.abs(fit.badRatio * 10 - 1)).toBeLessThan(0.25);
    expect(fit.errorRatioBad).toBeCloseTo(0.8, 1);
    expect(writtenErrors(fit)["meanBurst"]).toMatch(/^\d+(\.\d+)?us$/);
  });

  it("what steps with the calls and what steps with time are told apart", () => {
    const prng = seededPrng("uneven");
    let nowUs = 0;
    const paces = ["a", "b", "c"].map((seed) => {
      const failed = burstyByCall(8_000, seed);
      // Gaps of very different lengths, that say nothing of the errors.
      const atUs = failed.map(() => (nowUs += exponential(prng() < 0.1 ? 1e6 : 1e3, prng)));
      const fit = fitErrors(failed, atUs);
      return fit.kind === "gilbert-elliott" ? fit.pace : fit.kind;
    });
    expect(paces).toEqual(["call", "call", "call"]);
  });

  it("errors without memory are called bursts in less than one of a hundred captures", () => {
    const prng = seededPrng("independent");
    let alarms = 0;
    for (let capture = 0; capture < 120; capture++) {
      const ratio = [0.02, 0.05, 0.2, 0.5][capture % 4]!;
      let nowUs = 0;
      // Traffic that bursts must not make bursts of errors.
      const atUs = Array.from({ length: 600 }, (_, i) => {
        nowUs += exponential(i % 100 < 30 ? 1e3 : 1e5, prng);
        return nowUs;
      });
      const fit = fitErrors(
        atUs.map(() => prng() < ratio),
        atUs,
      );
      if (fit.kind !== "independent") alarms++;
    }
    expect(alarms).toBeLessThanOrEqual(1);
  });

  it("too few errors to tell: independent, with their share", () => {
    expect(fitErrors([])).toEqual({ kind: "independent", calls: 0, errorRatio: 0 });
    expect(fitErrors([true, true, false, false])).toMatchObject({ kind: "independent" });
    expect(fitErrors([true, false]).errorRatio).toBe(0.5);
    const nine = Array.from({ length: 1_000 }, (_, i) => i >= 500 && i < 509);
    expect(fitErrors(nine, steadyUs(1_000)).kind).toBe("independent");
  });
});
