/** Process exit codes, as documented in the README and design. */
export const EXIT = {
  ship: 0,
  rollBack: 1,
  hold: 2,
  usage: 64,
  badData: 65,
  unreachable: 69,
  internal: 70,
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

interface ErrorKind {
  readonly exitCode: ExitCode;
  readonly meaning: string;
}

/** Every error the tool raises on purpose: its code, its exit code and what the code means. */
export const ERRORS = {
  USAGE: { exitCode: EXIT.usage, meaning: "the command line is wrong" },
  FILE_NOT_FOUND: { exitCode: EXIT.usage, meaning: "a file named by the user does not exist" },
  FILE_UNREADABLE: { exitCode: EXIT.usage, meaning: "a file could not be opened or read" },
  OUTPUT_UNWRITABLE: { exitCode: EXIT.usage, meaning: "an output could not be created or written" },
  DISK_WRITE_FAILED: {
    exitCode: EXIT.badData,
    meaning: "a write failed while a run was under way",
  },
  SCENARIO_INVALID: { exitCode: EXIT.badData, meaning: "a scenario does not follow its schema" },
  LOCK_MISMATCH: { exitCode: EXIT.badData, meaning: "a plan is not the one that was locked" },
  REVISION_UNKNOWN: { exitCode: EXIT.usage, meaning: "a git revision is not there" },
  BUILD_FAILED: { exitCode: EXIT.unreachable, meaning: "a revision could not be built" },
  TOOL_MISSING: { exitCode: EXIT.usage, meaning: "a program that is needed is not installed" },
  CAPTURE_FORMAT_UNKNOWN: { exitCode: EXIT.badData, meaning: "no capture format fits the file" },
  CAPTURE_INVALID: { exitCode: EXIT.badData, meaning: "a capture is damaged beyond reading" },
  CAPTURE_EMPTY: { exitCode: EXIT.badData, meaning: "a capture holds no usable request" },
  PROFILE_INVALID: { exitCode: EXIT.badData, meaning: "a profile is not one, or is damaged" },
  PROFILE_TRUNCATED: { exitCode: EXIT.badData, meaning: "a profile ends before its manifest says" },
  PROFILE_VERSION: { exitCode: EXIT.badData, meaning: "a profile is of another schema version" },
  RUN_INVALID: { exitCode: EXIT.badData, meaning: "a run directory is incomplete or damaged" },
  QUERY_INVALID: { exitCode: EXIT.badData, meaning: "a query was refused by DuckDB, or failed" },
  SPOOL_INVALID: {
    exitCode: EXIT.badData,
    meaning: "an observation file is not one, or is damaged",
  },
  PORT_IN_USE: { exitCode: EXIT.unreachable, meaning: "a port that is needed is taken" },
  TARGET_START_FAILED: { exitCode: EXIT.unreachable, meaning: "a target did not start or come up" },
  TARGET_UNREACHABLE: { exitCode: EXIT.unreachable, meaning: "a target does not answer" },
  TARGET_DIED: { exitCode: EXIT.unreachable, meaning: "a target ended during the run" },
  FLEET_UNREACHABLE: {
    exitCode: EXIT.unreachable,
    meaning: "a fleet's Redis cannot be used, or it has too few workers",
  },
  FLEET_MISMATCH: {
    exitCode: EXIT.badData,
    meaning: "what a worker of a fleet was given is not what the run was planned with",
  },
  RUN_LED: { exitCode: EXIT.unreachable, meaning: "another process leads the run" },
  EMULATOR_FAILED: { exitCode: EXIT.internal, meaning: "the emulator stopped by itself" },
  JUDGE_FAILED: { exitCode: EXIT.hold, meaning: "a run could not be judged: nothing is decided" },
  INTERRUPTED: { exitCode: EXIT.interrupted, meaning: "the user asked to stop" },
  INTERNAL: { exitCode: EXIT.internal, meaning: "a bug of ours" },
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof ERRORS;

/**
 * The one error class: what stops us. The message says what and where, the hint what to do.
 * What happened to a single request is data (an observation), never one of these.
 */
export class ShakedownError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;

  constructor(code: ErrorCode, message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.name = "ShakedownError";
    this.code = code;
    this.hint = options.hint;
  }

  get exitCode(): ExitCode {
    return ERRORS[this.code].exitCode;
  }
}

/** The message of anything thrown, for embedding in ours. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** The `code` of a Node system error (`ENOENT`, `ECONNREFUSED`, …), or undefined. */
export function systemCodeOf(thrown: unknown): string | undefined {
  if (typeof thrown !== "object" || thrown === null || !("code" in thrown)) return undefined;
  return typeof thrown.code === "string" ? thrown.code : undefined;
}
