import { describe, expect, it } from "vitest";
import { keyedDraw } from "../../src/core/index.ts";
import { createTimeline, timelineSchema } from "../../src/emulator/timeline/index.ts";
import { WORLD } from "./latency-contract.ts";

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
});
