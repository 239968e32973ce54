import { NS_PER_US } from "../../core/index.ts";
import type { ValueBlocks } from "../../stats/index.ts";
import { sessionOf } from "../in-record/session-of.ts";
import type { ProfileRecord } from "../record.ts";
import { blockOf, type BlockedProfile, type Pair } from "./blocks.ts";
import { type Compared, untold } from "./drift.ts";
import { compareValues } from "./values.ts";

/** Sessions longer than this share of the shorter profile are cut by its ends too often. */
const LENGTH_SHARE_MAX = 0.2;
/** Profiles whose lengths differ by less cut their sessions alike. */
const DURATIONS_ALIKE = 1.25;

/** Requests by session, and the pauses in them, in the blocks in which they began. */
interface SessionBlocks {
  readonly requests: ValueBlocks;
  readonly thinkTimesUs: ValueBlocks;
}

function pausesOf(records: readonly ProfileRecord[]): { atNs: number; pauseUs: number }[] {
  return records.slice(1).flatMap(({ offsetNs }, i) => {
    const { offsetNs: atNs, serviceTimeUs = 0 } = records[i]!;
    const pauseUs = (offsetNs - atNs) / NS_PER_US - serviceTimeUs;
    return pauseUs < 0 ? [] : [{ atNs, pauseUs }];
  });
}

function sessionBlocks({ blocks, durationNs, profile }: BlockedProfile): SessionBlocks {
  const sessions = Map.groupBy(profile.records, sessionOf);
  sessions.delete(null);
  const empty = (): number[][] => blocks.map(() => []);
  const [requests, thinkTimesUs] = [empty(), empty()];
  for (const records of sessions.values()) {
    const firstNs = records[0]!.offsetNs;
    requests[blockOf(firstNs, durationNs, blocks.length)]!.push(records.length);
    for (const { atNs, pauseUs } of pausesOf(records)) {
      thinkTimesUs[blockOf(atNs, durationNs, blocks.length)]!.push(pauseUs);
    }
  }
  return { requests, thinkTimesUs };
}

/** Requests per session, and think times. */
export function compareSessions(pair: Pair): Compared[] {
  const [before, after] = [sessionBlocks(pair.before), sessionBlocks(pair.after)];
  const durations = [pair.before.durationNs, pair.after.durationNs].toSorted((a, b) => a - b);
  const [shorter, longer] = durations as [number, number];
  const isCut =
    longer > DURATIONS_ALIKE * shorter &&
    Math.max(pair.before.longSessionNs, pair.after.longSessionNs) > LENGTH_SHARE_MAX * shorter;
  const requests = isCut
    ? untold(
        "session-requests",
        "requests",
        "the shorter profile cuts its sessions off, and the longer one does not",
      )
    : compareValues(
        { aspect: "session-requests", unit: "requests", noun: "sessions" },
        before.requests,
        after.requests,
      );
  const thinkTimes = compareValues(
    { aspect: "think-time", unit: "us", noun: "pauses within sessions" },
    before.thinkTimesUs,
    after.thinkTimesUs,
  );
  return [requests, thinkTimes];
}
