import type { ArgumentsCamelCase, Argv } from "yargs";
import type { ExitCode } from "../core/index.ts";

/** What a command may touch of the process: its streams, the interrupt, and its own exit code. */
export interface CliIo {
  readonly stdout: {
    write(text: string): unknown;
    readonly isTTY?: boolean;
    readonly columns?: number;
  };
  readonly stderr: {
    write(text: string): unknown;
    readonly isTTY?: boolean;
    readonly columns?: number;
  };
  /** Standard input, where there is one to read. */
  readonly stdin?: AsyncIterable<Buffer>;
  /** Aborted by the first Ctrl-C (SIGINT) or by SIGTERM. */
  readonly signal: AbortSignal;
  /** What the process will exit with when the command has returned; 0 unless set. */
  exitCode: ExitCode;
}

/**
 * One command a file: given the process, its flags, and what it does. Throw `ShakedownError` to
 * fail. Its name and description stand in commands.ts.
 */
export type Command = (io: CliIo) => {
  builder(yargs: Argv): Argv | Promise<Argv>;
  handler(given: ArgumentsCamelCase): void | Promise<void>;
};
