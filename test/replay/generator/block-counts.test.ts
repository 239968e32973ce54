import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cutIntoBlocks } from "../../../src/experiment/index.ts";
import { Histogram, type Observation } from "../../../src/measure/index.ts";
import { type ArmBlockCounts, BlockCounter } from "../../../src/replay/index.ts";
import { dropped, failure, observationTable, response } from "../../experiment/blocks-fixture.ts";

const CAP_NS = 10e9;
const BLOCK_NS = 1e9;
const TARGETS_NS = [20e6];
const STAGE = {
  name: "all",
  ratePerSec: 1,
  fromPerSec: 1,
  startNs: 0,
  judgedFromNs: 0.5e9,
  endNs: 4e9,
  blockNs: BLOCK_NS,
};
const WINDOWS = [{ stage: 1, fromNs: 0.5e9, toNs: 4e9, blockNs: BLOCK_NS }];
const LOOKED_AT = { windows: WINDOWS, targetsNs: TARGETS_NS };

/** What one arm makes of a start. */
const ending = fc.oneof(
  fc.record({ status: fc.constantFrom(200, 404, 500), tookNs: fc.nat(50_000_000) }),
  fc.constant("failed" as const),
  fc.constant("dropped" as const),
);

function observationOf(
  arm: number,
  seq: number,
  [intendedNs, end]: readonly [number, typeof ending extends fc.Arbitrary<infer E> ? E : never],
): Observation {
  if (end === "failed") return failure(arm, seq, intendedNs);
  if (end === "dropped") return dropped(arm, seq, intendedNs);
  return response(arm, seq, intendedNs, end.tookNs, end.status);
}

const starts = fc.array(fc.tuple(fc.nat(4_500_000_000), ending, ending, fc.boolean()), {
  maxLength: 80,
});

/** How starts go to the arms, as the judge and as the generator are told. */
interface Way {
  readonly name: string;
  readonly periods?: { readonly lengthNs: number; readonly washoutNs: number };
  readonly refusalsFail?: true;
}
const PERIOD_NS = BLOCK_NS / 2;
const WAYS: readonly Way[] = [
  { name: "duet" },
  { name: "crossover", periods: { lengthNs: PERIOD_NS, washoutNs: PERIOD_NS / 4 } },
  { name: "split", refusalsFail: true },
];

/** Where arms take turns, the moment in a block at which an arm gets a start. */
function turnOf(intendedNs: number, arm: number): number {
  const fromNs = WINDOWS[0]!.fromNs;
  const block = Math.floor((intendedNs - fromNs) / BLOCK_NS);
  const place = (((intendedNs - fromNs) % PERIOD_NS) + PERIOD_NS) % PERIOD_NS;
  return fromNs + block * BLOCK_NS + arm * PERIOD_NS + place;
}

describe.each(WAYS)("blocks told while a $name goes on", ({ name, ...way }) => {
  it("are those that the judge cuts afterwards, whichever worker sent what, and told once", () => {
    const { refusalsFail, ...periods } = way;
    const windows = WINDOWS.map((window) => ({ ...window, ...periods }));
    const lookedAt = { ...LOOKED_AT, windows, ...(refusalsFail && { refusalsFail }) };
    fc.assert(
      fc.property(starts, fc.array(fc.nat(4_600_000_000), { maxLength: 6 }), (given, looks) => {
        const pairs = given.map(([intendedNs, control, variant, turn], seq) => {
          const atNs = (arm: number): number =>
            name === "crossover" ? turnOf(intendedNs, arm) : intendedNs;
          const both = [control, variant].map((end, arm) =>
            observationOf(arm, seq, [atNs(arm), end]),
          );
          if (name === "split") return both.slice(turn ? 1 : 0, turn ? 2 : 1);
          return turn && name === "duet" ? both.toReversed() : both;
        });
        const told: ArmBlockCounts[] = [];
        for (const worker of [0, 1]) {
          const counter = new BlockCounter(lookedAt, 2, CAP_NS);
          const own = pairs.filter((_, seq) => seq % 2 === worker);
          let before = -1;
          for (const settledNs of [...looks.toSorted((a, b) => a - b), Infinity]) {
            // All that was intended before is there, and some of what was not.
            for (const observation of own.flat()) {
              const { intendedNs } = observation;
              if (intendedNs >= before && intendedNs < settledNs) counter.add(observation);
            }
            before = settledNs;
            told.push(...(structuredClone(counter.take(settledNs))?.blocks ?? []));
          }
          expect(counter.take(Infinity)).toBeNull();
        }
        expectJudged(told, pairs.flat(), way);
      }),
      { numRuns: 60 },
    );
  });
});

describe("blocks that are told while a run goes on", () => {
  it("are whole only when nothing intended in them is still in flight", () => {
    const counter = new BlockCounter(LOOKED_AT, 1, CAP_NS);
    counter.add(response(0, 0, 0.6e9));
    expect(counter.take(1.499e9)).toBeNull();
    expect(counter.take(1.5e9)?.blocks).toHaveLength(1);
    // A block without a start is an end that has to be told, too.
    expect(counter.take(2.5e9)).toEqual({ settledNs: 2.5e9, blocks: [] });
    expect(counter.take(2.6e9)).toBeNull();
  });
});

function expectJudged(
  told: readonly ArmBlockCounts[],
  all: readonly Observation[],
  way: Omit<Way, "name">,
): void {
  const { refusalsFail = false, ...periods } = way;
  const [{ blocks } = { blocks: [] }] = cutIntoBlocks({
    observations: observationTable(all),
    calls: null,
    dependencies: [],
    targets: TARGETS_NS,
    stages: [{ ...STAGE, ...periods }],
    capNs: CAP_NS,
    refusalsFail,
  });
  for (const [arm, judged] of blocks.entries()) {
    for (const [at, block] of judged.entries()) {
      const parts = told.filter((part) => part.arm === arm && part.block === at);
      const sum = (of: (part: ArmBlockCounts) => number): number =>
        parts.reduce((total, part) => total + of(part), 0);
      const times = new Histogram();
      for (const part of parts) times.addCounts(part.responseTime);
      expect({
        planned: sum(({ planned }) => planned),
        started: sum(({ started }) => started),
        failed: sum(({ failed }) => failed),
        censored: sum(({ censored }) => censored),
        buckets: times.buckets(),
      }).toEqual({
        planned: block.planned,
        started: block.started,
        failed: block.failed,
        censored: block.censored,
        buckets: block.responseTime.buckets(),
      });
    }
  }
}
