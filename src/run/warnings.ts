import { formatCount, formatDurationNs, formatRatio, formatUs } from "../core/index.ts";
import { type Plan, untold, type WarmUp } from "../experiment/index.ts";
import type { CallsSeen } from "./calls-seen.ts";
import { flushFailedWords } from "./flush-caches.ts";
import type { Gathered } from "./gather.ts";
import { detectorWords } from "./heard-detectors.ts";

/** Arms whose connections were all busy when starts were due. */
function waitingWords({ manifest, registered, tallies }: Gathered): string[] {
  return tallies.arms.flatMap((tally, index) => {
    const waited = tally.lateStarts.connection;
    if (waited === 0) return [];
    const share = formatRatio(waited / Math.max(tally.planned - tally.dropped, 1));
    const worst = formatUs(tally.connectionWait.maxUs);
    const { connections } = manifest.generator;
    const count =
      connections === 1 ? "the one connection" : `one of ${formatCount(connections)} connections`;
    return [
      `${share} of the starts to ${registered.plan.arms[index]} waited more than 1 ms for ${count} (${worst} at worst): the target was slower than they can carry`,
    ];
  });
}

/** What was left out of the judgement, though the plan would have had it judged. */
export function warmUpWords({ stages }: Plan, warmUps: readonly WarmUp[]): string[] {
  return warmUps.map(({ blocks, stage, untilNs }) => {
    const planned = stages.find(({ name }) => name === stage);
    const lengthNs = untilNs - (planned?.judgedFromNs ?? untilNs);
    return `the first ${formatDurationNs(lengthNs)} of stage ${stage} (${blocks} blocks) were still warm-up, by both arms together, and are left out for both: a settle of ${formatDurationNs(untilNs - (planned?.startNs ?? 0))} would have been right`;
  });
}

/** What a reader of the result should know beside its verdict. */
export function warningsOf(gathered: Gathered, callsSeen: CallsSeen | null): string[] {
  const { manifest } = gathered;
  const { plan } = gathered.registered;
  const warnings = [
    ...manifest.generator.warnings,
    ...waitingWords(gathered),
    ...detectorWords(plan),
    ...untold(plan, gathered.inside),
  ];
  const flushes = manifest.ended?.flushes ?? [];
  warnings.push(...flushes.filter(({ ok }) => !ok).map(flushFailedWords));
  const { forgotten = 0, missed = 0, refused = 0 } = manifest.ended?.substitutions ?? {};
  if (missed > 0) {
    warnings.push(
      `captured values were sent ${formatCount(missed)} times, before the target had issued any to put in their place`,
    );
  }
  if (refused > 0) {
    warnings.push(
      `${formatCount(refused)} values that the target issued were not put back: no request can carry them`,
    );
  }
  if (forgotten > 0) {
    warnings.push(
      `${formatCount(forgotten)} sessions were too many to remember: what the target had issued to them was lost`,
    );
  }
  // Of TCP there are connections, and no calls.
  const connected = new Set<number>();
  gathered.connections?.each(({ dependency }) => connected.add(dependency));
  for (const [index, { name }] of manifest.dependencies.entries()) {
    if (connected.has(index)) continue;
    const byArm = Object.values(callsSeen?.emulator[name] ?? {});
    if (byArm.every(({ calls }) => calls === 0))
      warnings.push(`no arm ever called the dependency ${name}: nothing is known of it`);
  }
  const evictions = manifest.ended?.emulatorEvictions ?? 0;
  if (evictions > 0)
    warnings.push(
      `${evictions} requests were too many to remember: their later attempts count as first ones`,
    );
  return warnings;
}
