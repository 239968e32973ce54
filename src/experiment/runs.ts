import { keyedDraw } from "../core/index.ts";
import type { Design, Level } from "../stats/index.ts";
import type { Plan } from "./plan.ts";

/** One run of an experiment, fixed before: fresh processes, arrivals and luck of its own. */
export interface PlannedRun {
  readonly seed: string;
  /** Arms in the order in which they are started and get their ports. */
  readonly slots: readonly string[];
  /** Of the plan's factors, in their order. */
  readonly levels?: readonly Level[];
}

/** A slot order and its reverse, balanced against whatever drifts steadily from run to run. */
const ABBA = [false, true, true, false] as const;

/** The arms in an order that is drawn from the seed. */
function shuffled(seed: string, arms: readonly string[]): string[] {
  const draw = keyedDraw(seed, "slots");
  const drawn = arms.map((arm) => ({ arm, at: draw.uniform(arm) }));
  return drawn.toSorted((a, b) => a.at - b.at).map(({ arm }) => arm);
}

/**
 * Who has which slot in each run, of one alone, too. Of two arms, which is first in the first run is
 * drawn, and then they go A B B A. Of n more, the rows of a Williams square over a drawn order: in n
 * runs (2n where n is odd) each has each slot as often, and each comes right after each other as often.
 * Source: Williams 1949, designs balanced for residual effects.
 */
function slotOrders(seed: string, count: number, arms: readonly string[]): (readonly string[])[] {
  if (arms.length <= 2) {
    const turned = keyedDraw(seed, "slots").uniform("first") < 0.5;
    return Array.from({ length: count }, (_, index) =>
      ABBA[index % ABBA.length] === turned ? arms : arms.toReversed(),
    );
  }
  const order = shuffled(seed, arms);
  const n = order.length;
  // 0, 1, n−1, 2, n−2, …: neighbours differ by each of 1 … n−1 once.
  const zigzag = order.map((_, i) => (i % 2 === 1 ? (i + 1) / 2 : (n - i / 2) % n));
  return Array.from({ length: count }, (_, index) => {
    const shift = Math.floor(n % 2 === 1 ? index / 2 : index);
    const row = zigzag.map((place) => order[(place + shift) % n]!);
    return n % 2 === 1 && index % 2 === 1 ? row.toReversed() : row;
  });
}

/**
 * The runs of an experiment, each with its slots (`slotOrders`). One alone has the plan's seed. With a
 * `design` each run has the levels of one of its rows: all rows once, in an order that is drawn from
 * the seed, then all once more in another, so that what changes with time falls on all alike.
 */
export function planRuns(
  seed: string,
  count: number,
  arms: readonly string[],
  design: Design = [],
): PlannedRun[] {
  const slots = slotOrders(seed, count, arms);
  if (count === 1) return [{ seed, slots: slots[0]! }];
  const rows = rowsInOrder(seed, count, design);
  return Array.from({ length: count }, (_, index) => ({
    seed: `${seed}/${index + 1}`,
    slots: slots[index]!,
    ...(rows[index] === undefined ? {} : { levels: rows[index] }),
  }));
}

function rowsInOrder(seed: string, count: number, design: Design): Design {
  if (design.length === 0) return [];
  return Array.from({ length: count / design.length }, (_, replicate) => {
    const draw = keyedDraw(seed, "factors", replicate);
    const drawn = design.map((row, index) => ({ row, at: draw.uniform(`row ${index}`) }));
    return drawn.toSorted((a, b) => a.at - b.at).map(({ row }) => row);
  }).flat();
}

/**
 * What is registered of one run of an experiment (from 0): the same plan with that run's seed and
 * slots, and how many there are, since every one of them can be stopped falsely. How much runs
 * differ is for those who compare them, so nothing is said of it here.
 */
export function planOfRun(plan: Plan, index: number): Plan {
  const run = plan.runs[index];
  if (run === undefined) return plan;
  const alone = { ...plan, seed: run.seed, betweenRunSd: null, runs: [run] };
  return plan.runs.length === 1 ? alone : { ...alone, runsInAll: plan.runs.length };
}
