import { expect, it } from "vitest";
import { NS_PER_S } from "../../src/core/index.ts";
import {
  type AuditEntry,
  emptyBlock,
  type Plan,
  stagesThrottled,
  type StageBlocks,
} from "../../src/experiment/index.ts";
import { liftsOf } from "../../src/run/lifts.ts";
import { PLAN } from "../experiment/plan-fixture.ts";

const BLOCK_NS = NS_PER_S / 4;
const P50 = { metric: "response_time_p50", margin: 0.1 } as const;
const plan: Plan = { ...PLAN, primary: P50, secondary: [], guardrails: [] };
const everybody = plan.stages.find(({ judgedFromNs }) => judgedFromNs !== null)!;
const stage = { ...everybody, blockNs: BLOCK_NS };
const fromS = stage.judgedFromNs! / NS_PER_S;
/** Looks at the end of every block of five seconds, the last of which saw the most. */
const LOOKS = Array.from({ length: 20 }, (_, block) => ({
  atS: fromS + (block + 1) / 4,
  harm: 0.01 * (block + 1),
}));

const entries = LOOKS.map(({ atS, harm }, block): AuditEntry => {
  const metrics = [{ arm: "variant", metric: P50.metric, blocks: block + 1, harm }];
  const chained = { at: "", previous: "", sha256: "" };
  return { ...chained, event: "look", detail: { stage: stage.name, block, atS, metrics } };
});

function blocksOf(part: Plan["stages"][number]): StageBlocks {
  const count = Math.floor((part.endNs - part.judgedFromNs!) / BLOCK_NS);
  const own = Array.from({ length: count }, () => {
    const block = emptyBlock(BLOCK_NS, { dependencies: 0, targets: 0 });
    for (let us = 100; us < 110; us++) block.responseTime.record(us);
    return { ...block, planned: 10, started: 10 };
  });
  return { stage: part, blocks: [own, own] };
}

/** What the looks saw, by the time of the point that tells it. */
function looked(stages: readonly Plan["stages"][number][]): (readonly [number, number | null])[] {
  const context = { dependencies: [], ends: new Map<string, number>(), entries };
  const curves = liftsOf(plan, stages.map(blocksOf), context);
  return curves.flatMap(({ points }) => points.map((point) => [point.atS, point.looked] as const));
}

it("tells what looks saw at the blocks that they looked at, to the last", () => {
  const endNs = stage.judgedFromNs! + 20 * BLOCK_NS;
  const seen = looked([{ ...stage, endNs }]);
  // One block does not tell how much blocks vary.
  expect(seen).toEqual(LOOKS.slice(1).map(({ atS, harm }) => [atS, harm]));
});

it("of a stage whose load was halved, too: in each part, and between them", () => {
  const at = (blocks: number): number => stage.judgedFromNs! + blocks * BLOCK_NS;
  const throttling = { stage: stage.name, share: 0.5, because: "", untilNs: at(8) };
  const parts = stagesThrottled([{ ...stage, endNs: at(20) }], [{ ...throttling, fromNs: at(12) }]);
  const told = looked(parts);
  expect(parts.map(({ name }) => name)).toEqual(["everybody", "everybody at 50 %"]);
  // The first block of each part does not tell how much blocks vary.
  const rest = LOOKS.filter((_, block) => block !== 0 && block !== 12);
  expect(told).toEqual(rest.map(({ atS, harm }) => [atS, harm]));
});
