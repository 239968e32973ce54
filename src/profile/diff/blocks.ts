import { sessionOf } from "../in-record/session-of.ts";
import type { Profile, ProfileRecord } from "../record.ts";

/** Blocks that a profile's time is cut into: the sampling unit of all comparisons. */
const BLOCKS_MAX = 60;
/** Of fewer blocks, a variance says too little. */
const BLOCKS_MIN = 24;

/** A profile in blocks of equal time. */
export interface BlockedProfile {
  readonly profile: Profile;
  readonly durationNs: number;
  readonly blocks: readonly (readonly ProfileRecord[])[];
  /** Sessions are mostly shorter: 9 in 10, weighted by their requests. 0 where there are none. */
  readonly longSessionNs: number;
}

/** The block, from 0, of so many, that a moment of a profile lies in. */
export const blockOf = (offsetNs: number, durationNs: number, blocks: number): number =>
  durationNs === 0 ? 0 : Math.min(Math.floor((offsetNs / durationNs) * blocks), blocks - 1);

/** How long the sessions of the requests are, ascending. */
function sessionLengthsNs({ records }: Profile): Float64Array {
  const spans = new Map<string, { firstNs: number; lastNs: number; requests: number }>();
  for (const record of records) {
    const name = sessionOf(record);
    if (name === null) continue;
    const { offsetNs } = record;
    const span = spans.get(name) ?? { firstNs: offsetNs, lastNs: offsetNs, requests: 0 };
    span.lastNs = offsetNs;
    span.requests++;
    spans.set(name, span);
  }
  return Float64Array.from(
    [...spans.values()].flatMap(({ firstNs, lastNs, requests }) =>
      Array.from({ length: requests }, () => lastNs - firstNs),
    ),
  ).toSorted();
}

/** Cuts a profile into 60 blocks; into fewer, down to 24, where its sessions would span several. */
export function blocked(profile: Profile): BlockedProfile {
  const durationNs = profile.records.at(-1)?.offsetNs ?? 0;
  const lengthsNs = sessionLengthsNs(profile);
  const quantileNs = (p: number): number => lengthsNs[Math.floor(lengthsNs.length * p)] ?? 0;
  // A block is as long as the median session, if there are enough blocks then.
  const wanted = Math.floor(durationNs / Math.max(quantileNs(0.5), 1));
  const count = Math.min(Math.max(wanted, BLOCKS_MIN), BLOCKS_MAX);
  const blocks: ProfileRecord[][] = Array.from({ length: count }, () => []);
  for (const record of profile.records) {
    blocks[blockOf(record.offsetNs, durationNs, count)]!.push(record);
  }
  return { profile, durationNs, blocks, longSessionNs: quantileNs(0.9) };
}

/** Both profiles of a comparison. */
export interface Pair {
  readonly before: BlockedProfile;
  readonly after: BlockedProfile;
}

export const sum = (values: readonly number[]): number =>
  values.reduce((total, value) => total + value, 0);
