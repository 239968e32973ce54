import type { Profile, ProfileRecord } from "../record.ts";

/** Blocks that a profile's time is cut into: the sampling unit of all comparisons. */
export const BLOCKS = 60;

/** A profile in blocks of equal time. */
export interface BlockedProfile {
  readonly profile: Profile;
  readonly durationNs: number;
  readonly blocks: readonly (readonly ProfileRecord[])[];
}

/** The block, from 0, that a moment of a profile lies in. */
export const blockOf = (offsetNs: number, durationNs: number): number =>
  durationNs === 0 ? 0 : Math.min(Math.floor((offsetNs / durationNs) * BLOCKS), BLOCKS - 1);

export function blocked(profile: Profile): BlockedProfile {
  const durationNs = profile.records.at(-1)?.offsetNs ?? 0;
  const blocks: ProfileRecord[][] = Array.from({ length: BLOCKS }, () => []);
  for (const record of profile.records) blocks[blockOf(record.offsetNs, durationNs)]!.push(record);
  return { profile, durationNs, blocks };
}

/** Both profiles of a comparison. */
export interface Pair {
  readonly before: BlockedProfile;
  readonly after: BlockedProfile;
}

export const sum = (values: readonly number[]): number =>
  values.reduce((total, value) => total + value, 0);
