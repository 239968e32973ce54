import { NS_PER_S } from "../core/index.ts";
import type { Plan } from "../experiment/index.ts";
import {
  BATCH_ROWS,
  Histogram,
  type ObservationTable,
  RowGroups,
  StartSet,
  visitRows,
} from "../measure/index.ts";
import { ArmTallies, type Tallies } from "./arm-rows.ts";
import { inJudgedTime, JudgedCounts, SendOrders } from "./checks/index.ts";
import { armEnds } from "./looks-of.ts";
import type { Manifest } from "./manifest.ts";
import { Timeline } from "./timeline.ts";

/** What is known of a run's observations when they have been gone through once. */
export interface Observed {
  /** For how long it ran: up to the last answer where nobody wrote it down. */
  readonly ranNs: number;
  /** How much of it is drawn. */
  readonly shownNs: number;
  readonly tallies: Tallies;
  /** See `answeredStarts`. */
  readonly answered: StartSet;
  /** By route, how many rows. */
  readonly rowsByRoute: readonly number[];
  /** By arm, the generator's own lateness in judged time, in µs. */
  readonly lags: readonly Histogram[];
  readonly counts: JudgedCounts;
  readonly sendOrders: SendOrders;
  readonly timeline: Timeline;
}

function lastSeenNs(observations: ObservationTable): number {
  let lastNs = 0;
  visitRows(observations, (observation) => {
    if (observation.kind !== "dropped") lastNs = Math.max(lastNs, observation.endNs);
  });
  return lastNs;
}

/** For how long a run ran, and how much of it is drawn, in ns. */
export function shownOf(
  observations: ObservationTable,
  manifest: Manifest,
  plan: Plan,
): Pick<Observed, "ranNs" | "shownNs"> {
  const ranNs = manifest.ended?.durationNs ?? lastSeenNs(observations);
  const planEndNs = plan.stages.at(-1)?.endNs ?? 0;
  return { ranNs, shownNs: Math.min(Math.max(ranNs, NS_PER_S), planEndNs + plan.timeoutNs) };
}

/** Goes through the observations once, by their intended starts, for all that needs no more than the plan. */
export function observe(observations: ObservationTable, manifest: Manifest, plan: Plan): Observed {
  const { meta } = observations;
  const capNs = plan.timeoutNs;
  const { ranNs, shownNs } = shownOf(observations, manifest, plan);
  const planEndNs = plan.stages.at(-1)?.endNs;
  // By intended start: after the plan's end there is none.
  const timeline = new Timeline(meta, {
    durationNs: Math.min(shownNs, planEndNs ?? shownNs),
    capNs,
  });
  const tallies = new ArmTallies(meta, capNs);
  const answered = new StartSet();
  const rowsByRoute = meta.routes.map(() => 0);
  const lags = plan.arms.map(() => new Histogram());
  const counts = new JudgedCounts(plan, armEnds(manifest));
  const sendOrders = new SendOrders(plan);
  const isJudged = inJudgedTime(plan);
  const judged = new Uint8Array(BATCH_ROWS);
  const groups = new RowGroups();
  for (const batch of observations.inTime()) {
    const { arm, intendedNs, route, seq, status } = batch.columns;
    tallies.add(batch);
    timeline.add(batch);
    for (let row = 0; row < batch.rows; row++) {
      judged[row] = isJudged(intendedNs[row]!) ? 1 : 0;
      groups.keys[row] = judged[row] === 1 && !batch.isDropped(row) ? arm[row]! : -1;
      if (route[row]! < rowsByRoute.length) rowsByRoute[route[row]!]!++;
      if (batch.isResponse(row) && status[row]! < 400) answered.add(seq[row]!);
    }
    sendOrders.add(batch, judged);
    counts.add(batch, judged);
    const { generatorLag } = batch.lagBuckets();
    groups.each(groups.all(batch.rows), (own, list) => lags[own]?.recordEach(generatorLag, list));
    timeline.passed(batch.untilNs);
  }
  const seen = { answered, rowsByRoute, lags, counts, sendOrders, timeline };
  return { ranNs, shownNs, tallies: tallies.tallies(), ...seen };
}
