import type { Result } from "../model.ts";

/** One run, as a playbook tells it. */
export interface PlaybookRun {
  /** The name of its directory. */
  readonly directory: string;
  readonly result: Result;
  /** In which settings other arms differ from the control; none for an A/A run, null when unknown. */
  readonly armsDiffer:
    | readonly {
        readonly arm: string;
        readonly setting: string;
        /** Null where an arm does not have the setting. */
        readonly control: string | null;
        readonly value: string | null;
      }[]
    | null;
  /** Whether a known delay was put before an arm: then it is no A/A run, whatever the arms are. */
  readonly delayed: boolean;
  /** What people decided otherwise. */
  readonly overrides: readonly {
    readonly at: string;
    readonly decision: string;
    readonly reason: string;
    readonly by?: string;
  }[];
}

/** A folder of runs, read. */
export interface PlaybookModel {
  readonly runs: readonly PlaybookRun[];
  /** Directories that tell nothing, and why: unfinished, damaged, of another version. */
  readonly unread: readonly { readonly directory: string; readonly why: string }[];
}
