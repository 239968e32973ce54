import * as fc from "fast-check";
import { expect, it } from "vitest";
import { seededPrng } from "../../src/core/index.ts";
import { CallEdges } from "../../src/run/call-edges.ts";
import { KeyCounts } from "../../src/run/key-counts.ts";

const WINDOW_NS = 100;
const WINDOWS = 5;

it("calls in flight are those of each moment, in whatever order calls are told", () => {
  const calls = fc.array(fc.tuple(fc.nat(700), fc.nat(300)), { maxLength: 40 });
  fc.assert(
    fc.property(calls, (all) => {
      const edges = new CallEdges(WINDOWS, WINDOW_NS);
      for (const [arriveNs, lengthNs] of all) edges.add(arriveNs, arriveNs + lengthNs);
      const inFlight = (atNs: number): number =>
        all.filter(([from, length]) => from <= atNs && atNs < from + length).length;
      for (const [window, { areaNs, calls: came, max }] of edges.occupied().entries()) {
        const times = Array.from({ length: WINDOW_NS }, (_, at) => window * WINDOW_NS + at);
        const levels = times.map(inFlight);
        expect(areaNs).toBe(levels.reduce((sum, level) => sum + level, 0));
        expect(came).toBe(all.filter(([from]) => times.includes(from)).length);
        expect(max).toBeGreaterThanOrEqual(Math.max(...levels));
      }
    }),
  );
});

it("calls that time has passed are let go, and nothing else is known of them", () => {
  const chance = seededPrng("calls in flight");
  const windows = 60;
  const [held, passing] = [new CallEdges(windows, WINDOW_NS), new CallEdges(windows, WINDOW_NS)];
  const atMost = windows * WINDOW_NS;
  const all = Array.from({ length: 60_000 }, (): [number, number] => {
    const arriveNs = Math.floor(chance() * atMost);
    // One in a thousand hangs for as long as a third of the run.
    return [arriveNs, arriveNs + chance() * (chance() < 0.001 ? atMost / 3 : WINDOW_NS)];
  });
  for (const [arriveNs, endNs] of all) held.add(arriveNs, endNs);
  for (const [arriveNs, endNs] of all.toSorted(([a], [b]) => a - b)) {
    passing.passed(arriveNs);
    passing.add(arriveNs, endNs);
  }
  expect(passing.occupied()).toEqual(held.occupied());
});

it("keys are counted exactly, hashes and numbers in a row, however many", () => {
  const key = fc.oneof(fc.nat(50), fc.integer({ min: 0, max: 2 ** 53 - 1 }));
  fc.assert(
    fc.property(fc.array(key, { maxLength: 400 }), (keys) => {
      const counts = new KeyCounts();
      for (const each of keys) counts.add(each);
      const model = Map.groupBy(keys, (each) => each);
      expect(counts.distinct).toBe(model.size);
      expect(counts.most).toBe(Math.max(0, ...[...model.values()].map(({ length }) => length)));
    }),
  );
});
