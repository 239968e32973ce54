import { execFile } from "node:child_process";
import { ShakedownError, systemCodeOf } from "../../core/index.ts";

/** What git said. */
export interface GitAnswer {
  readonly ok: boolean;
  /** Without the last line's end. */
  readonly stdout: string;
  readonly stderr: string;
}

const MAX_BYTES = 64 * 2 ** 20;

/** A hook that calls us has these set, and git would look there instead of in the folder it is given. */
export function gitEnvironment(): NodeJS.ProcessEnv {
  const { GIT_DIR: _d, GIT_INDEX_FILE: _i, GIT_WORK_TREE: _w, ...env } = process.env;
  return { ...env, GIT_TERMINAL_PROMPT: "0", GIT_OPTIONAL_LOCKS: "0", LC_ALL: "C" };
}

/** The arguments before a git command: no hook of the repository is run. */
export const inFolder = (dir: string): readonly string[] => [
  "-C",
  dir,
  "-c",
  "core.hooksPath=/dev/null",
];

/**
 * Asks git, in a folder. What git refuses is an answer, not an error.
 * @throws TOOL_MISSING without git; INTERRUPTED when the signal was aborted
 */
export function git(
  dir: string,
  args: readonly string[],
  signal?: AbortSignal,
): Promise<GitAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<GitAnswer>();
  const options = { env: gitEnvironment(), maxBuffer: MAX_BYTES, ...(signal && { signal }) };
  execFile("git", [...inFolder(dir), ...args], options, (error, stdout, stderr) => {
    if (systemCodeOf(error) === "ENOENT") {
      const message = "there is no program `git`, which revisions are taken from";
      reject(new ShakedownError("TOOL_MISSING", message, { hint: "install git", cause: error }));
    } else if (signal?.aborted === true) {
      reject(new ShakedownError("INTERRUPTED", "interrupted before the first request"));
    } else resolve({ ok: error === null, stdout: stdout.trimEnd(), stderr: stderr.trim() });
  });
  return promise;
}
