import { ShakedownError } from "../core/index.ts";
import {
  noSessions,
  type ProfileRecord,
  recordFilter,
  recordSample,
  sessionOf,
  type StoredProfile,
} from "../profile/index.ts";
import type { Scenario } from "./scenario/index.ts";

/** What is kept of a profile. */
export interface Kept {
  readonly scenario: Pick<Scenario, "filter" | "sample">;
  /** The sample is drawn from it. */
  readonly seed: string;
}

/**
 * Keeps the records that pass a scenario's filter, and of those its sample, whole sessions together
 * where it is by session.
 */
export class Keeper {
  readonly #passes: (record: ProfileRecord) => boolean;
  readonly #isDrawn: (record: ProfileRecord, index: number) => boolean;
  readonly #bySession: boolean;
  #read = 0;
  #passed = 0;
  #sawSession = false;

  constructor({ scenario, seed }: Kept) {
    const { filter, sample } = scenario;
    this.#passes = filter === undefined ? () => true : recordFilter(filter);
    this.#isDrawn = sample === undefined ? () => true : recordSample(sample, seed);
    this.#bySession = sample?.by === "session";
  }

  readonly keep = (record: ProfileRecord): boolean => {
    this.#read++;
    if (!this.#passes(record)) return false;
    if (this.#bySession) this.#sawSession ||= sessionOf(record) !== null;
    return this.#isDrawn(record, this.#passed++);
  };

  /**
   * The profile of what was kept.
   * @throws PROFILE_INVALID when nothing is left, or when there are no sessions to sample by
   */
  checked(profile: StoredProfile): StoredProfile {
    const lacksSessions = this.#bySession && this.#passed > 0 && !this.#sawSession;
    if (profile.records.length > 0 && !lacksSessions) return profile;
    profile[Symbol.dispose]();
    if (lacksSessions) throw noSessions();
    const of = `none of the profile's ${this.#read} records`;
    throw new ShakedownError("PROFILE_INVALID", `${of} passes the filter and the sample`, {
      hint: "`shakedown profile <file>` lists its routes, methods and statuses",
    });
  }
}
