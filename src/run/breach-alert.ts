import { formatRatio, messageOf } from "../core/index.ts";
import type { Look, LookedMetric } from "../experiment/index.ts";
import type { RunEvent } from "./live.ts";
import { nowIso } from "./now-iso.ts";
import { type ActionContext, postWebhook, type RunNotice } from "./roll-back-action.ts";
import type { OnBreach } from "./scenario/index.ts";

/** `response_time_p90 of variant is worse by 31 % in stage everybody (margin 10 %), shown after 22 blocks`. */
function reasonOf({ arm, blocks, harm, margin, metric }: LookedMetric, stage: string): string {
  const size = formatRatio(harm ?? 0);
  return `${metric} of ${arm} is worse by ${size} in stage ${stage} (margin ${formatRatio(margin)}), shown after ${blocks} blocks`;
}

/**
 * Tells by a webhook that harm is shown while a run goes on: once for each metric of each variant, also
 * where it ends nothing (`stop: { harm: false }`). How it went is on the record. It decides nothing.
 */
export class BreachAlert {
  readonly #action: OnBreach | undefined;
  readonly #context: ActionContext;
  readonly #told = new Map<string, Promise<void>>();

  constructor(action: OnBreach | undefined, context: ActionContext) {
    this.#action = action;
    this.#context = context;
  }

  /** What hears of a run after this does. */
  before(next: (event: RunEvent) => void): (event: RunEvent) => void {
    return (event) => {
      if (event.kind === "look" && this.#action !== undefined) this.#see(event.look, this.#action);
      next(event);
    };
  }

  /** Resolves when all that was told has its outcome in the audit trail, or could not be noted. */
  async settled(): Promise<void> {
    await Promise.all(this.#told.values());
  }

  #see({ metrics, stage }: Look, action: OnBreach): void {
    for (const looked of metrics.filter(({ reached }) => reached)) {
      const key = JSON.stringify([looked.arm, looked.metric]);
      if (!this.#told.has(key)) this.#told.set(key, this.#tell(action, looked, stage));
    }
  }

  async #tell(action: OnBreach, looked: LookedMetric, stage: string): Promise<void> {
    const { audit, id, onEvent, plan, signal } = this.#context;
    const { arm, metric } = looked;
    const of = { scenario: plan.scenario, runId: id, arm, metric, stage };
    const notice: RunNotice = {
      event: "breach",
      ...of,
      reason: reasonOf(looked, stage),
      at: nowIso(),
    };
    const done = await postWebhook(action, notice, signal);
    const what = new URL(action.webhook).origin;
    if (!done.ok)
      onEvent({ kind: "warning", message: `a breach was not told: ${what}: ${done.outcome}` });
    try {
      audit.append("breach told", { what, arm, metric, stage, ...done });
    } catch (thrown) {
      onEvent({
        kind: "warning",
        message: `that a breach was told is not on record: ${messageOf(thrown)}`,
      });
    }
  }
}
