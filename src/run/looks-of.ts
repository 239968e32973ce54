import { existsSync } from "node:fs";
import { NS_PER_MS, NS_PER_S } from "../core/index.ts";
import {
  type ArmEnds,
  type AuditEntry,
  type Gate,
  type Look,
  type Plan,
  readAuditFile,
  stagesThrottled,
} from "../experiment/index.ts";
import { visitRows } from "../measure/index.ts";
import type { Result } from "../report/index.ts";
import type { Gathered } from "./gather.ts";
import type { Manifest } from "./manifest.ts";
import type { RunDirectory } from "./run-directory.ts";
import { AUDIT_FILE } from "./run-files.ts";

type Looks = NonNullable<Result["looks"]>;
type Gates = NonNullable<Result["gates"]>;

/** The last look at each metric of each variant in each stage, in the order of the first. */
function lastLooks(entries: readonly AuditEntry[]): Looks {
  const rows = new Map<string, Looks[number]>();
  for (const { detail, event } of entries) {
    if (event !== "look") continue;
    const { metrics, stage } = detail as unknown as Look;
    for (const { arm, blocks, harm, lnBoundary, lnE, margin, metric, reached } of metrics) {
      const row = { arm, stage, metric, blocks, harm, margin, lnE, lnBoundary, reached };
      rows.set(JSON.stringify([arm, stage, metric]), row);
    }
  }
  return [...rows.values()];
}

function gatesOf(entries: readonly AuditEntry[]): Gates {
  const gates = entries.filter(({ event }) => event === "gate");
  return gates.map(({ detail }) => {
    const { alpha, arm, decision, metrics, stage } = detail as unknown as Gate;
    return { arm, stage, decision, alpha, metrics: metrics.map((metric) => ({ ...metric })) };
  });
}

/** Of one variant, or of all where none is named; 0 where there was none. */
function lastStartNs({ observations, registered }: Gathered, name?: string): number {
  const arms = registered.plan.arms;
  const wanted = name === undefined ? null : arms.indexOf(name);
  let lastNs = 0;
  visitRows(observations, (observation) => {
    const { arm, kind } = observation;
    if (kind === "dropped" || (wanted === null ? arm === 0 : arm !== wanted)) return;
    lastNs = Math.max(lastNs, observation.startNs);
  });
  return lastNs;
}

/** How long a variant still got load once it was shown what it was cut for. */
const breachToCutMs = (gathered: Gathered, untilNs: number, arm?: string): number =>
  Math.max(lastStartNs(gathered, arm) - untilNs, 0) / NS_PER_MS;

/** Variants that were cut during this run; those that were out before are their own run's. */
function cutRows(gathered: Gathered): Pick<Result, "cuts"> {
  const cuts = (gathered.manifest.ended?.cuts ?? []).filter(({ untilNs }) => untilNs > 0);
  if (cuts.length === 0) return {};
  return {
    cuts: cuts.map(({ arm, because, decision, rule, untilNs }) => {
      const timing = { breachToCutMs: breachToCutMs(gathered, untilNs, arm) };
      return { arm, rule, decision, because, evidenceUntilS: untilNs / NS_PER_S, ...timing };
    }),
  };
}

/** When the load was halved. */
function throttlingRows({ manifest }: Gathered): Pick<Result, "throttlings"> {
  const throttlings = manifest.ended?.throttlings ?? [];
  if (throttlings.length === 0) return {};
  return {
    throttlings: throttlings.map(({ because, fromNs, share, stage, untilNs }) => ({
      stage,
      share,
      because,
      evidenceUntilS: untilNs / NS_PER_S,
      fromS: fromNs / NS_PER_S,
    })),
  };
}

/** When somebody held the ramp. */
function heldRows({ manifest }: Gathered): Pick<Result, "heldRamps"> {
  const held = manifest.ended?.held ?? [];
  if (held.length === 0) return {};
  return {
    heldRamps: held.map(({ because, fromNs, ratePerSec, stage, untilNs }) => ({
      stage,
      ratePerSec,
      because,
      fromS: fromNs / NS_PER_S,
      untilS: untilNs === null ? null : untilNs / NS_PER_S,
    })),
  };
}

/** The stages of a run as they are judged: of one that its own rule ended, what had been looked at, and no more. */
export function stagesLookedAt({ manifest, registered }: Gathered): Plan["stages"] {
  const untilNs = manifest.ended?.stoppedBy?.untilNs ?? Number.POSITIVE_INFINITY;
  const throttlings = manifest.ended?.throttlings ?? [];
  return stagesThrottled(registered.plan.stages, throttlings)
    .filter(({ judgedFromNs, startNs }) => (judgedFromNs ?? startNs) < untilNs)
    .map((stage) => ({ ...stage, endNs: Math.min(stage.endNs, untilNs) }));
}

/** Up to when each variant is judged whose load was cut. */
export const armEnds = ({ ended }: Manifest): ArmEnds =>
  new Map((ended?.cuts ?? []).map(({ arm, untilNs }) => [arm, untilNs]));

/** What was decided while a run went on, from its audit trail and its observations. */
export function looksOf(
  directory: RunDirectory,
  gathered: Gathered,
): Pick<Result, "looks" | "gates" | "cuts" | "stoppedEarly"> {
  const path = directory.file(AUDIT_FILE);
  const entries = existsSync(path) ? readAuditFile(path).entries : [];
  const stop = gathered.manifest.ended?.stoppedBy;
  const looks = {
    looks: lastLooks(entries),
    gates: gatesOf(entries),
    ...cutRows(gathered),
    ...throttlingRows(gathered),
    ...heldRows(gathered),
  };
  if (stop === undefined) return looks;
  const { because, rule, untilNs } = stop;
  const timing = { breachToCutMs: breachToCutMs(gathered, untilNs) };
  const stoppedEarly = { rule, because, evidenceUntilS: untilNs / NS_PER_S, ...timing };
  return { ...looks, stoppedEarly };
}
