import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { keyedDraw } from "../../src/core/index.ts";
import { createTimeline, timelineSchema } from "../../src/emulator/timeline/index.ts";
import { WORLD } from "./asked.ts";

describe("timelines", () => {
  it("markov: over seeds, a state's share of the time is its share of the dwell", () => {
    const spec = timelineSchema.parse({ kind: "markov", dwell: ["3s", "1s"] });
    const runs = 5_000;
    let held = 0;
    for (let seed = 0; seed < runs; seed++) {
      const world = {
        ...WORLD,
        draw: (...parts: (string | number)[]) => keyedDraw(seed, ...parts),
      };
      held += createTimeline(spec, world, "x").stateAt(20e9);
    }
    // One look for each seed: independent, so a share within 99 % of a binomial's.
    expect(Math.abs(held / runs - 0.25)).toBeLessThan(2.576 * Math.sqrt((0.25 * 0.75) / runs));
  });

  it("markov: the same time has the same state, in whatever order it is asked", () => {
    const spec = timelineSchema.parse({ kind: "markov", dwell: ["3s", "1s", "2s"] });
    const [one, other] = [createTimeline(spec, WORLD, "x"), createTimeline(spec, WORLD, "x")];
    const times = Array.from({ length: 500 }, (_, i) => i * 0.7e9);
    const forwards = times.map((nowNs) => one.stateAt(nowNs));
    const backwards = times.toReversed().map((nowNs) => other.stateAt(nowNs));
    expect(backwards.toReversed()).toEqual(forwards);
  });

  it("incident: an unknown name is refused by name", () => {
    const spec = timelineSchema.parse({ kind: "incident", incident: "flood" });
    expect(() => createTimeline(spec, WORLD, "x")).toThrow(/"flood"/);
  });

  const timeField = fc.integer({ min: 1, max: 20_000 });
  const written = fc.oneof(
    fc.array(fc.tuple(timeField, timeField), { minLength: 1, maxLength: 5 }).map((windows) => ({
      kind: "windows",
      windows: windows.map(([from, lasts]) => ({ from: `${from}ms`, to: `${from + lasts}ms` })),
    })),
    fc.tuple(timeField, timeField, timeField).map(([a, b, offset]) => ({
      kind: "every",
      every: `${Math.max(a, b)}ms`,
      lasts: `${Math.min(a, b)}ms`,
      offset: `${offset}ms`,
    })),
    fc.array(timeField, { minLength: 2, maxLength: 4 }).map((dwell) => ({
      kind: "markov",
      dwell: dwell.map((ms) => `${ms}ms`),
    })),
  );

  it("a state depends on the time alone: asked in any order, of one timeline or of many", () => {
    fc.assert(
      fc.property(written, fc.array(fc.nat(60_000), { minLength: 1 }), (spec, timesMs) => {
        const shared = createTimeline(timelineSchema.parse(spec), WORLD, "x");
        for (const ms of timesMs) {
          const fresh = createTimeline(timelineSchema.parse(spec), WORLD, "x");
          expect(shared.stateAt(ms * 1e6)).toBe(fresh.stateAt(ms * 1e6));
        }
      }),
      { numRuns: 100 },
    );
  });

  it("every: a share of lasts / every of the time, from its offset on", () => {
    const spec = timelineSchema.parse({ kind: "every", every: "10s", lasts: "3s", offset: "5s" });
    const timeline = createTimeline(spec, WORLD, "x");
    const states = Array.from({ length: 1_000 }, (_, i) => timeline.stateAt((5 + i / 10) * 1e9));
    expect(states.filter((state) => state === 1)).toHaveLength(300);
    expect(timeline.stateAt(4.999e9)).toBe(0);
    expect([5e9, 7.999e9, 8e9].map((nowNs) => timeline.stateAt(nowNs))).toEqual([1, 1, 0]);
  });

  it("windows: within one or several, its beginning counts and its end does not", () => {
    const windows = [
      { from: "2s", to: "4s" },
      { from: "3s", to: "5s" },
    ];
    const timeline = createTimeline(timelineSchema.parse({ kind: "windows", windows }), WORLD, "x");
    const states = [0, 1.999e9, 2e9, 3.5e9, 4e9, 4.999e9, 5e9].map((at) => timeline.stateAt(at));
    expect(states).toEqual([0, 0, 1, 1, 1, 1, 0]);
  });

  it("markov: names keep their luck apart", () => {
    const spec = timelineSchema.parse({ kind: "markov", dwell: ["1s", "1s"] });
    const [x, y] = ["x", "y"].map((name) => createTimeline(spec, WORLD, name));
    const times = Array.from({ length: 200 }, (_, i) => i * 1e9);
    expect(times.map((at) => x!.stateAt(at))).not.toEqual(times.map((at) => y!.stateAt(at)));
  });
});
