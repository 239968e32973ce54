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

  /** A jump chain visited as ν = (4, 3, 2) (ν = νP), with dwells of 2, 4 and 10 s. */
  const weighted = {
    kind: "markov",
    dwell: ["2s", "4s", "10s"],
    next: [
      [0, 3, 1],
      [2, 0, 1],
      [1, 0, 0],
    ],
  };
  const VISITS = [4, 3, 2];
  const DWELLS = [2, 4, 10];
  /** 99.9 % of a normal lies within so many deviations. */
  const Z_999 = 3.2905;

  it("markov by weights: over seeds, a state holds for its visits times its dwell, early and late", () => {
    const spec = timelineSchema.parse(weighted);
    const runs = 5_000;
    for (const nowNs of [0, 30e9]) {
      const held = [0, 0, 0];
      for (let seed = 0; seed < runs; seed++) {
        const world = {
          ...WORLD,
          draw: (...parts: (string | number)[]) => keyedDraw(seed, ...parts),
        };
        held[createTimeline(spec, world, "x").stateAt(nowNs)]!++;
      }
      // Shares 8 : 12 : 20. One look for each seed: independent, so each count is a binomial's.
      for (const [state, count] of held.entries()) {
        const share = (VISITS[state]! * DWELLS[state]!) / 40;
        const slack = Z_999 * Math.sqrt((share * (1 - share)) / runs);
        expect(Math.abs(count / runs - share), `state ${state} at ${nowNs}`).toBeLessThan(slack);
      }
    }
  });

  it("markov by weights: a state dwells for its mean, and is followed as its row weighs", () => {
    const timeline = createTimeline(timelineSchema.parse(weighted), WORLD, "x");
    const stepNs = 5e6;
    const visits = [0, 0, 0];
    const steps = [0, 0, 0];
    const follows = [0, 1, 2].map(() => [0, 0, 0]);
    let state = timeline.stateAt(0);
    for (let step = 1; step <= 4_000_000; step++) {
      const now = timeline.stateAt(step * stepNs);
      steps[state]!++;
      if (now === state) continue;
      visits[state]!++;
      follows[state]![now]!++;
      state = now;
    }
    for (const [at, dwellSec] of DWELLS.entries()) {
      // An exponential's deviation is its mean; what is shorter than a step may be missed.
      const mean = (steps[at]! * stepNs) / 1e9 / visits[at]!;
      const slack = Z_999 / Math.sqrt(visits[at]!) + (2 * stepNs) / 1e9 / dwellSec;
      expect(Math.abs(mean / dwellSec - 1), `dwell in state ${at}`).toBeLessThan(slack);
      const total = weighted.next[at]!.reduce((sum, share) => sum + share, 0);
      for (const [to, share] of weighted.next[at]!.entries()) {
        const wanted = share / total;
        const off = Math.abs(follows[at]![to]! / visits[at]! - wanted);
        const sd = Math.sqrt((wanted * (1 - wanted)) / visits[at]!);
        expect(off, `from ${at} to ${to}`).toBeLessThanOrEqual(Z_999 * sd + (2 * stepNs) / 2e9);
      }
    }
  });

  it("markov: weights that lead round in turn are the same timeline as none", () => {
    const dwell = ["3s", "1s", "2s"];
    const next = [
      [0, 7, 0],
      [0, 0, 7],
      [7, 0, 0],
    ];
    const [none, round] = [
      { kind: "markov", dwell },
      { kind: "markov", dwell, next },
    ].map((spec) => createTimeline(timelineSchema.parse(spec), WORLD, "x"));
    for (let i = 0; i < 1_000; i++) expect(round!.stateAt(i * 3e8)).toBe(none!.stateAt(i * 3e8));
  });

  it.each([
    [[[0, 1]], /one row of weights for each of the 3 states, here are 1/],
    [
      [
        [0, 1],
        [1, 0, 0],
        [1, 0, 0],
      ],
      /a weight for each of the 3 states/,
    ],
    [
      [
        [0, 1, 1],
        [1, 1, 0],
        [1, 0, 0],
      ],
      /state 1 does not follow itself/,
    ],
    [
      [
        [0, 1, 1],
        [1, 0, 0],
        [0, 0, 0],
      ],
      /weighs more than 0/,
    ],
    [
      [
        [0, 1, 0],
        [1, 0, 0],
        [1, 0, 0],
      ],
      /from state 0, state 2 is never reached/,
    ],
    [
      [
        [0, 1, 1],
        [0, 0, 1],
        [0, 1, 0],
      ],
      /from state 1, state 0 is never reached/,
    ],
    [
      [
        [0, -1, 1],
        [1, 0, 0],
        [1, 0, 0],
      ],
      /expected number to be >=0/,
    ],
  ])("markov: refuses the weights %j", (next, message) => {
    const found = timelineSchema.safeParse({ ...weighted, next });
    const [issue] = found.error?.issues ?? [];
    expect(issue?.message).toMatch(message);
    expect(issue?.path[0]).toBe("next");
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
    fc
      .tuple(timeField, timeField, timeField, fc.double({ min: 0.01, max: 1, noNaN: true }))
      .map(([a, b, c, share]) => ({
        kind: "markov",
        dwell: [a, b, c].map((ms) => `${ms}ms`),
        next: [
          [0, share, 1],
          [1, 0, share],
          [share, 1, 0],
        ],
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
