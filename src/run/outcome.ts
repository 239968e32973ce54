import { EXIT, type ExitCode, type ShakedownError } from "../core/index.ts";
import type { Decision } from "../experiment/index.ts";
import type { ReportModel } from "../report/index.ts";
import type { RunEvent } from "./live.ts";
import type { RunDirectory } from "./run-directory.ts";

/** What doing a scenario came to. */
export interface RunOutcome {
  readonly directory: RunDirectory;
  readonly model: ReportModel;
  readonly exitCode: ExitCode;
  /** Why reports are missing from the directory, if any is: the disk. */
  readonly unwritten: ShakedownError | null;
}

/** What is said of a run last. */
export function verdictEvent({ result }: ReportModel): RunEvent {
  const { decision, needs, reason } = result;
  return { kind: "verdict", decision, reason, ...(needs === undefined ? {} : { needs }) };
}

const DECIDED = { ship: EXIT.ship, hold: EXIT.hold, "roll-back": EXIT.rollBack } as const;

/** What a process exits with; 0 where there was nothing to decide. */
export const exitCodeOf = (decision: Decision | null): ExitCode =>
  decision === null ? EXIT.ship : DECIDED[decision];
