import { formatCount, formatRatio } from "../core/index.ts";
import type { Plan, RuleStop, WholeBlock } from "../experiment/index.ts";
import type { ExposureTable } from "../measure/index.ts";
import { keysByStage, lnRatioBoundary } from "./checks/index.ts";

/** So many times as many blocks must have gone by before the log is read again. */
const GROWTH = 1.25;

/**
 * Watches the sample ratio of a split while it goes on: what has been assigned so far, against the
 * plan's shares, by a test that may look as often as it likes. A mismatch is never mended by going on,
 * and no verdict could rest on it: the run holds and ends.
 */
export class RatioWatch {
  readonly #plan: Plan;
  readonly #read: () => ExposureTable | null;
  #seen = { stage: -1, blocks: 0 };

  constructor(plan: Plan, read: () => ExposureTable | null) {
    this.#plan = plan;
    this.#read = read;
  }

  see({ block, endNs, lastOfStage, stage, stageIndex }: WholeBlock): RuleStop | null {
    const { assignment } = this.#plan;
    if (assignment?.kind !== "split") return null;
    const blocks = block + 1;
    const isNew = this.#seen.stage !== stageIndex || blocks >= GROWTH * this.#seen.blocks;
    if (!isNew && !lastOfStage) return null;
    this.#seen = { stage: stageIndex, blocks };
    const exposures = this.#read();
    if (exposures === null) return null;
    const stages = keysByStage(exposures, this.#plan, assignment);
    const own = stages.find((each) => each.stage === stageIndex);
    if (own === undefined || own.lnE < lnRatioBoundary(stages.length)) return null;
    const told = this.#plan.arms.map(
      (arm, index) =>
        `${arm} ${formatCount(own.counts[index] ?? 0)} (${formatRatio(own.planned[index] ?? 0)} planned)`,
    );
    const because =
      `keys fall to the arms of stage ${stage.name} in other shares than planned: ` +
      `${told.join(", ")}: ln e ${own.lnE.toFixed(1)}, boundary ${lnRatioBoundary(stages.length).toFixed(1)}`;
    return { rule: "sample-ratio", decision: "hold", because, untilNs: endNs };
  }
}
