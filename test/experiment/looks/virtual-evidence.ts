import { type Prng, seededPrng } from "../../../src/core/index.ts";
import {
  type Block,
  emptyBlock,
  type Looked,
  LiveJudge,
  type Plan,
  type WholeBlock,
} from "../../../src/experiment/index.ts";
import { PLAN } from "../plan-fixture.ts";

const STAGE = {
  name: "pilot",
  ratePerSec: 100,
  fromPerSec: 100,
  startNs: 0,
  judgedFromNs: 0,
  endNs: 10e9,
  blockNs: 250e6,
};

/** Two judged stages of forty blocks, with looks for harm. */
export const LIVE_PLAN: Plan = {
  ...PLAN,
  primary: { metric: "response_time_p50", margin: 0.1 },
  secondary: [],
  guardrails: [{ metric: "error_ratio", margin: 0.02 }],
  stop: { harm: true, futility: false },
  stages: [STAGE, { ...STAGE, name: "everybody", startNs: 10e9, judgedFromNs: 10e9, endNs: 20e9 }],
};

/** One arm's block: times that have a block's own luck and their own, and a share that fails. */
function blockOf(
  prng: Prng,
  { failing = 0.01, slower, luck }: { failing?: number; slower: number; luck: number },
): Block {
  const block = emptyBlock(250e6, { dependencies: 0, targets: 0 });
  for (let i = 0; i < 25; i++) {
    block.started++;
    if (prng() < failing) block.failed++;
    block.responseTime.record(10_000 * slower * luck * (0.5 + prng()));
  }
  return block;
}

/** An arm's own luck from block to block: within half of `spread` of 1, AR(1) with coefficient `phi`. */
interface OwnLuck {
  readonly phi: number;
  readonly spread: number;
}

function ownLuck(prng: Prng, { phi, spread }: OwnLuck): () => number {
  const shock = (): number => spread * (prng() - 0.5);
  let last: number | null = null;
  return () => {
    last = last === null ? shock() : phi * last + Math.sqrt(1 - phi ** 2) * shock();
    return 1 + last;
  };
}

/**
 * Everything that a run's looks see, up to its stop. `slower`: the first variant's times, so many
 * times; `failing`: the share of its requests that fail.
 */
export function looksOver(
  plan: Plan,
  seed: string,
  slower: number,
  luckOfArms: OwnLuck = { phi: 0, spread: 0.1 },
  failing = 0.01,
): Looked[] {
  const prng = seededPrng(seed);
  const lucks = plan.arms.map(() => ownLuck(prng, luckOfArms));
  const judge = new LiveJudge(plan, []);
  const seen: Looked[] = [];
  for (const [stageIndex, stage] of plan.stages.entries()) {
    const blocks: Block[][] = plan.arms.map(() => []);
    for (let block = 0; block < 40; block++) {
      const luck = 0.8 + 0.4 * prng();
      for (const [arm, list] of blocks.entries()) {
        const own = luck * lucks[arm]!();
        const ill = arm === 1 ? { slower, failing } : { slower: 1 };
        list.push(blockOf(prng, { ...ill, luck: own }));
      }
      const endNs = stage.judgedFromNs! + (block + 1) * stage.blockNs;
      const place = { stage, stageIndex, block, endNs, lastOfStage: block === 39 };
      const whole: WholeBlock = { ...place, blocks: blocks.map((list) => [...list]) };
      const looked = judge.see(whole);
      seen.push(looked);
      if (looked.stop !== null) return seen;
    }
  }
  return seen;
}

/** The blocks of a plan's first stage, forty in each arm. */
export function blocksOver(plan: Plan, seed: string, slower: number): Block[][] {
  const prng = seededPrng(seed);
  const lucks = plan.arms.map(() => ownLuck(prng, { phi: 0, spread: 0.1 }));
  const blocks: Block[][] = plan.arms.map(() => []);
  for (let block = 0; block < 40; block++) {
    const luck = 0.8 + 0.4 * prng();
    for (const [arm, list] of blocks.entries()) {
      list.push(blockOf(prng, { slower: arm === 1 ? slower : 1, luck: luck * lucks[arm]!() }));
    }
  }
  return blocks;
}
