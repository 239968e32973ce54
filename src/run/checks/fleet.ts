import { formatCount, formatRatio, formatUs } from "../../core/index.ts";
import type { FleetRecord } from "../load-maker.ts";
import { type Check, check, type CheckInput } from "./check.ts";

/**
 * Calls that an emulator hears belong to starts by when both were: an error of this size is still
 * small beside how long a request is under way, and beside a block.
 */
const APART_US_MAX = 10_000;
/** What nobody sent was no load: of more than this, the load was another than the planned one. */
const LOST_RATIO_MAX = 0.01;

/** Whether all workers began at one moment, and stayed with it. */
function clocks({ workers }: FleetRecord): Check {
  const rows = workers.map(({ clockErrorUs, id, movedUs }) => ({
    id,
    apartUs: clockErrorUs + movedUs,
  }));
  const worst = rows.toSorted((a, b) => b.apartUs - a.apartUs)[0];
  const apart = worst !== undefined && worst.apartUs > APART_US_MAX;
  const summary =
    worst === undefined
      ? "no worker told of its clock"
      : `the clocks of ${formatCount(workers.length)} workers were at most ${formatUs(worst.apartUs)} ` +
        `off (limit ${formatUs(APART_US_MAX)}), at worst ${worst.id}`;
  return check(apart ? "clocks apart" : "clocks", !apart, summary);
}

/** Whether the load was the planned one, where workers were lost. */
function gaps({ gaps: all }: FleetRecord, { tallies }: CheckInput): Check {
  if (all.length === 0) return check("workers", true, "every worker sent its part to the end");
  const planned = tallies.arms.reduce((sum, arm) => sum + arm.planned, 0);
  const byShard = new Map(all.map(({ lostStarts, shard }) => [shard, lostStarts]));
  const lost = [...byShard.values()].reduce((sum, count) => sum + count, 0);
  const lostRatio = lost / Math.max(planned, 1);
  const told = all.map(({ because, shard, takenOverBy }) => {
    const then = takenOverBy === null ? "nobody sent the rest" : `${takenOverBy} took over`;
    return `shard ${shard}: ${because}, ${then}`;
  });
  const summary = `${formatRatio(lostRatio)} of the planned starts were not sent, or not told of (${told.join("; ")})`;
  const passes = lostRatio <= LOST_RATIO_MAX;
  return check(passes ? "workers" : "workers lost", passes, summary);
}

/** A limit that was not shared for longer was another than the planned one. */
const ALONE_RATIO_MAX = 0.01;

/** Whether limits that several emulators share were shared; nothing where no call asked for one. */
function limits({ emulators = [] }: FleetRecord): Check[] {
  const asked = emulators.reduce((sum, each) => sum + each.asked, 0);
  if (asked === 0) return [];
  const alone = emulators.reduce((sum, each) => sum + each.alone, 0);
  const ratio = alone / asked;
  const passes = ratio <= ALONE_RATIO_MAX;
  const summary =
    `${formatRatio(ratio)} of ${formatCount(asked)} calls under a limit over all emulators were ` +
    `admitted or refused by one alone, since Redis was silent (limit ${formatRatio(ALONE_RATIO_MAX)})`;
  return [check(passes ? "shared limits" : "limits apart", passes, summary)];
}

/** Of more than this of the traffic's time nobody knows how late calls were answered. */
const STILL_RATIO_MAX = 0.01;

/** Whether emulators were there for whoever called; nothing where this machine emulated. */
function standstills({ emulators = [] }: FleetRecord, durationNs: number): Check[] {
  const worst = emulators.toSorted((a, b) => b.stoodStillMs - a.stoodStillMs)[0];
  if (worst === undefined) return [];
  const stillUs = worst.stoodStillMs * 1_000;
  const ratio = (stillUs * 1_000) / Math.max(durationNs, 1);
  const passes = ratio <= STILL_RATIO_MAX;
  const summary =
    `of ${formatCount(emulators.length)} emulators none stood still for more than ${formatUs(stillUs)}, ` +
    `${formatRatio(ratio)} of the traffic's time (limit ${formatRatio(STILL_RATIO_MAX)}), at worst ${worst.id}`;
  return [check(passes ? "emulators" : "emulator stood still", passes, summary)];
}

/** What must hold of the machines that sent the load; nothing where it was this one. */
export function fleetChecks(input: CheckInput): Check[] {
  const { durationNs = 0, fleet } = input.manifest.ended ?? {};
  if (fleet === undefined) return [];
  return [clocks(fleet), gaps(fleet, input), ...limits(fleet), ...standstills(fleet, durationNs)];
}
