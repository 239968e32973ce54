import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  bracketOf,
  nextStep,
  type SearchOptions,
  type StepOutcome,
  type TriedRate,
} from "../../../src/run/saturate/search.ts";

const OPTIONS: SearchOptions = {
  startPerSec: 100,
  minPerSec: 1,
  maxPerSec: 100_000,
  precision: 0.05,
  stepsMax: 16,
};

/** Searches a target that is a function of the rate. */
function search(
  target: (ratePerSec: number, attempt: number) => StepOutcome,
  options: Partial<SearchOptions> = {},
) {
  const all = { ...OPTIONS, ...options };
  const tried: TriedRate[] = [];
  for (;;) {
    const next = nextStep(tried, all);
    if (next.kind === "end") return { tried, end: next.end, ...bracketOf(tried) };
    const { ratePerSec } = next;
    const attempt = tried.filter((each) => each.ratePerSec === ratePerSec).length;
    tried.push({ ratePerSec, outcome: target(ratePerSec, attempt) });
    if (tried.length > all.stepsMax) throw new Error("it never ends");
  }
}

const upTo =
  (capacityPerSec: number) =>
  (ratePerSec: number): StepOutcome =>
    ratePerSec <= capacityPerSec ? "holds" : "fails";

/** p99 response time of M/M/1, in seconds: what it is judged by in this simulation. */
const p99S = (ratePerSec: number, capacityPerSec: number): number =>
  ratePerSec < capacityPerSec ? Math.log(100) / (capacityPerSec - ratePerSec) : Infinity;

describe("search for the knee", () => {
  it("finds any capacity to within the precision, never above it, in bounded steps", () => {
    const capacity = fc.double({ min: 10, max: 50_000, noNaN: true });
    const guess = fc.double({ min: 0.3, max: 3, noNaN: true });
    const precision = fc.constantFrom(0.01, 0.05, 0.2);
    fc.assert(
      fc.property(capacity, guess, precision, (capacityPerSec, off, wanted) => {
        const startPerSec = (capacityPerSec / 2) * off;
        const found = search(upTo(capacityPerSec), { startPerSec, precision: wanted });
        expect(found.end).toBe("found");
        expect(found.lowerBound).toBe(false);
        expect(found.kneePerSec!).toBeLessThanOrEqual(capacityPerSec);
        expect(found.kneePerSec! * (1 + wanted)).toBeGreaterThan(capacityPerSec * 0.999);
        expect(found.tried.length).toBeLessThanOrEqual(16);
      }),
    );
  });

  it("a queue judged by its p99 is found where its p99 reaches the limit", () => {
    fc.assert(
      fc.property(fc.integer({ min: 50, max: 20_000 }), (capacityPerSec) => {
        const limitS = 10 * p99S(capacityPerSec / 10, capacityPerSec);
        const truth = capacityPerSec - Math.log(100) / limitS;
        const { kneePerSec } = search(
          (rate) => (p99S(rate, capacityPerSec) <= limitS ? "holds" : "fails"),
          { startPerSec: capacityPerSec / 2 },
        );
        expect(kneePerSec!).toBeLessThanOrEqual(truth);
        expect(kneePerSec! * 1.05).toBeGreaterThan(truth * 0.999);
      }),
    );
  });

  it("whatever a target does, it ends in bounded steps, below every rate that failed", () => {
    const outcomes = fc.infiniteStream(fc.constantFrom<StepOutcome>("holds", "fails", "late"));
    fc.assert(
      fc.property(outcomes, fc.integer({ min: 1, max: 30 }), (stream, stepsMax) => {
        const found = search(() => stream.next().value, { stepsMax });
        expect(found.tried.length).toBeLessThanOrEqual(stepsMax);
        const last = new Map(found.tried.map(({ outcome, ratePerSec }) => [ratePerSec, outcome]));
        for (const [ratePerSec, outcome] of last) {
          const knee = outcome === "holds" ? 0 : (found.kneePerSec ?? 0);
          expect(ratePerSec).toBeGreaterThan(knee);
          expect(ratePerSec).toBeGreaterThanOrEqual(OPTIONS.minPerSec);
          expect(ratePerSec).toBeLessThanOrEqual(OPTIONS.maxPerSec);
        }
      }),
    );
  });

  it("a target that fails in a band and recovers above it is not believed above the band", () => {
    const dip = (rate: number): StepOutcome =>
      rate > 150 && rate < 450 ? "fails" : upTo(900)(rate);
    const found = search(dip, { startPerSec: 200 });
    expect(found.kneePerSec).toBeLessThanOrEqual(150);
    expect(found.kneePerSec! * 1.05).toBeGreaterThan(150);
  });

  it("where the generator cannot send more, what holds below is a lower bound", () => {
    const found = search((rate) => (rate > 700 ? "late" : "holds"));
    expect(found).toMatchObject({ end: "generator", lowerBound: true });
    expect(found.kneePerSec!).toBeLessThanOrEqual(700);
    expect(found.kneePerSec!).toBeGreaterThan(660);
  });

  it("a generator that was late once is asked again", () => {
    const found = search((rate, attempt) => (attempt === 0 ? "late" : upTo(300)(rate)), {
      stepsMax: 32,
    });
    expect(found).toMatchObject({ end: "found", lowerBound: false });
    expect(found.kneePerSec!).toBeGreaterThan(280);
  });

  it("the highest rate allowed, no rate that holds, and no step left are told apart", () => {
    expect(search(() => "holds", { maxPerSec: 700 })).toMatchObject({
      end: "max-rate",
      kneePerSec: 700,
      lowerBound: true,
    });
    expect(search(() => "fails")).toMatchObject({ end: "none-held", kneePerSec: null });
    expect(search(upTo(300), { stepsMax: 2 })).toMatchObject({ end: "steps", kneePerSec: 200 });
  });
});
