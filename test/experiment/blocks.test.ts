import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Block, cutIntoBlocks } from "../../src/experiment/index.ts";
import type { Observation } from "../../src/measure/index.ts";
import { call, callTable, dropped, failure, observationTable, response } from "./blocks-fixture.ts";
import { STAGES } from "./plan-fixture.ts";

const CAP_NS = 5e9;
const [FROM_NS, TO_NS] = [3e9, 13e9]; // Forty whole blocks; the last 100 ms of the stage are left over.

const cut = (rows: readonly Observation[], calls: Parameters<typeof callTable>[0] = []) =>
  cutIntoBlocks({
    observations: observationTable(rows),
    calls: callTable(calls, ["gone", "payments"]),
    dependencies: ["payments"],
    stages: STAGES,
    capNs: CAP_NS,
  });

const total = (blocks: readonly Block[], of: (block: Block) => number): number =>
  blocks.reduce((sum, block) => sum + of(block), 0);

const observation = fc
  .tuple(
    fc.constantFrom(0, 1),
    fc.integer({ min: 0, max: 14_000 }),
    fc.constantFrom("ok", "ok", "slow", "503", "error", "dropped"),
  )
  .map(([arm, ms, what]): [number, number, string] => [arm, ms * 1e6, what]);

const rowOf = ([arm, atNs, what]: [number, number, string], seq: number): Observation => {
  if (what === "error") return failure(arm, seq, atNs);
  if (what === "dropped") return dropped(arm, seq, atNs);
  return response(arm, seq, atNs, what === "slow" ? 2e9 : 5e6, what === "503" ? 503 : 200);
};

describe("blocks", () => {
  it("hold every request of the whole blocks of judged stages, once, and nothing else", () => {
    fc.assert(
      fc.property(fc.array(observation, { maxLength: 200 }), (made) => {
        const [stage, ...more] = cut(made.map(rowOf));
        expect(more).toEqual([]);
        expect(stage!.blocks.map((blocks) => blocks.length)).toEqual([40, 40]);
        for (const [arm, blocks] of stage!.blocks.entries()) {
          const inside = made.filter(([of, atNs]) => of === arm && atNs >= FROM_NS && atNs < TO_NS);
          const count = (...whats: string[]): number =>
            inside.filter(([, , what]) => whats.includes(what)).length;
          const started = inside.length - count("dropped");
          expect(total(blocks, (block) => block.planned)).toBe(inside.length);
          expect(total(blocks, (block) => block.started)).toBe(started);
          expect(total(blocks, (block) => block.responseTime.count)).toBe(started);
          expect(total(blocks, (block) => block.serviceTime.count)).toBe(started);
          expect(total(blocks, (block) => block.failed)).toBe(count("error", "503"));
          expect(total(blocks, (block) => block.censored)).toBe(count("error"));
        }
      }),
    );
  });

  it("have the CPU time between their boundaries, and none where nobody read it", () => {
    const of = (fromNs: number) =>
      cutIntoBlocks({
        observations: observationTable([]),
        calls: null,
        // The control alone, a quarter of a second of CPU time a second.
        usage: [
          { atNs: fromNs, cpuS: { control: 0 } },
          { atNs: fromNs + 20e9, cpuS: { control: 5 } },
        ],
        dependencies: [],
        stages: STAGES,
        capNs: CAP_NS,
      })[0]!.blocks.map((blocks) => blocks.map(({ cpuS }) => cpuS));
    const each = Array.from({ length: 40 }, () => expect.closeTo(0.25 / 4, 9));
    const none = each.map(() => null);
    expect(of(0)).toEqual([each, none]);
    // The first block begins before the first sample.
    expect(of(FROM_NS + 1)).toEqual([[null, ...each.slice(1)], none]);
  });

  it("count as many planned starts as a dropped one stands for", () => {
    const [stage] = cut([response(0, 1, 5e9), dropped(0, 2, 5e9, 7), dropped(1, 3, 5e9, 2)]);
    const [control, variant] = stage!.blocks;
    expect(total(control!, (block) => block.planned)).toBe(8);
    expect(total(control!, (block) => block.started)).toBe(1);
    expect(total(variant!, (block) => block.planned)).toBe(2);
  });

  it("count a refusal as a failure where another arm answers, and not where none does", () => {
    const at = (seq: number): number => FROM_NS + seq * 1e6;
    const rows = [
      response(0, 1, at(1), 5e6, 200),
      response(1, 1, at(1), 5e6, 404),
      response(0, 2, at(2), 5e6, 404),
      response(1, 2, at(2), 5e6, 404),
      response(0, 3, at(3), 5e6, 401),
      response(1, 3, at(3), 5e6, 302),
      failure(0, 4, at(4)),
      response(1, 4, at(4), 5e6, 429),
    ];
    const failed = cut(rows)[0]!.blocks.map((blocks) => total(blocks, (block) => block.failed));
    expect(failed).toEqual([2, 1]);
  });

  it("have the same boundaries in every arm: one start falls into one block of each", () => {
    fc.assert(
      fc.property(fc.integer({ min: 3_000, max: 12_999 }), (ms) => {
        const [stage] = cut([response(0, 1, ms * 1e6), response(1, 1, ms * 1e6, 3e9)]);
        const places = stage!.blocks.map((blocks) =>
          blocks.findIndex((block) => block.planned === 1),
        );
        expect(places).toEqual([Math.floor((ms - 3_000) / 250), places[0]]);
      }),
    );
  });

  it("count a failed request with the timeout, not with the little time it took", () => {
    const [stage] = cut([failure(0, 1, 4e9)]);
    const block = stage!.blocks[0]!.find(({ started }) => started === 1)!;
    expect(block.responseTime.maxUs).toBeCloseTo(CAP_NS / 1e3, -4);
  });

  it("credit a call to its request's block where it names it, else to the block it came in", () => {
    const asked = [response(0, 7, 4e9), response(1, 7, 4e9)];
    const late = { arriveNs: 9e9, dependency: 1 };
    const [stage] = cut(asked, [
      call({ arm: 0, seq: 7, ...late }),
      call({ arm: 1, seq: -1, ...late }),
      call({ arm: 1, seq: 7, ...late, dependency: 0 }),
    ]);
    const where = stage!.blocks.map((blocks) =>
      blocks.flatMap(({ calls }, i) => (calls[0]! > 0 ? [i] : [])),
    );
    expect(where).toEqual([[4], [24]]);
  });

  it("a call whose request is not judged is not judged either, however late it comes", () => {
    const [stage] = cut(
      [response(0, 1, 2.5e9)],
      [call({ arm: 0, seq: 1, arriveNs: 4e9, dependency: 1 })],
    );
    expect(total(stage!.blocks[0]!, ({ calls }) => calls[0]!)).toBe(0);
  });
});
