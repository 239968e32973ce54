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

/**
 * The runs of an experiment. One alone has the plan's seed and the arms in their order. Of several,
 * which arm has the first slot in the first run is drawn from the seed; after that slots go A B B A.
 * With a `design` each run has the levels of one of its rows: all rows once, in an order that is drawn
 * from the seed, then all once more in another, so that what changes with time falls on all alike.
 */
export function planRuns(
  seed: string,
  count: number,
  arms: readonly string[],
  design: Design = [],
): PlannedRun[] {
  if (count === 1) return [{ seed, slots: arms }];
  const turned = keyedDraw(seed, "slots").uniform("first") < 0.5;
  const rows = rowsInOrder(seed, count, design);
  return Array.from({ length: count }, (_, index) => ({
    seed: `${seed}/${index + 1}`,
    slots: ABBA[index % ABBA.length] === turned ? arms : arms.toReversed(),
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
