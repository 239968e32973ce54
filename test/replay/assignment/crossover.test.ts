import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { crossover, periodOrder, repeatedStarts } from "../../../src/replay/index.ts";
import { shardStarts } from "../../../src/schedule/index.ts";
import { MS, S, startAt } from "../virtual-run.ts";

const gaps = fc.array(fc.nat(900 * MS), { minLength: 1, maxLength: 60 });

describe("a crossover", () => {
  it("gives every start to every arm, once each, in periods next to each other", () => {
    fc.assert(
      fc.property(gaps, fc.integer({ min: 2, max: 4 }), fc.string(), (gapsNs, arms, seed) => {
        let atNs = 0;
        const base = gapsNs.map((gapNs, seq) => startAt(seq, (atNs += gapNs)));
        const spec = { kind: "crossover", periodNs: S, washoutNs: 0 } as const;
        const turns = crossover(spec, seed, arms);
        const starts = [...repeatedStarts(base, S, arms)];
        const times = starts.map(({ intendedNs }) => intendedNs);
        expect(times).toEqual(times.toSorted((a, b) => a - b));
        for (const planned of base) {
          const own = starts.filter(({ seq }) => seq === planned.seq);
          const cycles = own.map(({ intendedNs }) => Math.floor(intendedNs / (arms * S)));
          expect(new Set(cycles)).toEqual(new Set([Math.floor(planned.intendedNs / S)]));
          const places = own.map(({ intendedNs }) => intendedNs % S);
          expect(new Set(places)).toEqual(new Set([planned.intendedNs % S]));
          const bits = own.map((start) => turns.armsOf(start)).toSorted((a, b) => a - b);
          expect(bits).toEqual(Array.from({ length: arms }, (_, arm) => 1 << arm));
          expect(own.every(({ record }) => record === planned.record)).toBe(true);
        }
        const shards = [0, 1, 2].map((index) => shardStarts(starts, { index, count: 3 }));
        const sent = shards.flatMap((shard) => [...shard]);
        expect(sent.toSorted((a, b) => a.intendedNs - b.intendedNs || a.seq - b.seq)).toEqual(
          starts.toSorted((a, b) => a.intendedNs - b.intendedNs || a.seq - b.seq),
        );
      }),
      { numRuns: 50 },
    );
  });

  it("of two arms goes A B, B A, B A, A B: a trend and a bend are neither arm's", () => {
    const seeds = Array.from({ length: 40 }, (_, i) => `seed ${i}`);
    for (const seed of seeds) {
      const periods = [0, 1, 2, 3].flatMap((cycle) => periodOrder(seed, cycle, 2));
      const moment = (power: number): number =>
        periods.reduce((sum, arm, period) => sum + (arm === 0 ? 1 : -1) * period ** power, 0);
      expect([0, 1, 2].map(moment)).toEqual([0, 0, 0]);
    }
    const firsts = seeds.map((seed) => periodOrder(seed, 0, 2)[0]);
    expect(new Set(firsts)).toEqual(new Set([0, 1]));
  });

  it("of more arms gives each the same places as often", () => {
    const places = Array.from({ length: 3 }, () => [0, 0, 0]);
    for (let cycle = 0; cycle < 6; cycle++) {
      for (const [place, arm] of periodOrder("one", cycle, 3).entries()) places[arm]![place]!++;
    }
    expect(places.flat()).toEqual(Array.from({ length: 9 }, () => 2));
  });
});
