import { realpathSync } from "node:fs";
import { relative, resolve } from "node:path";
import { ShakedownError } from "../../core/index.ts";
import { git } from "./git.ts";

/** A commit, and what the user called it. */
export interface Revision {
  /** `main`, `HEAD~1`, `v1.2.0` */
  readonly ref: string;
  /** In full. */
  readonly commit: string;
}

/** A git repository with the folder of it that a scenario stands in. */
export interface Repository {
  /** The top of its working tree. */
  readonly root: string;
  /** From there to the scenario's folder; empty where that is the top. */
  readonly within: string;
  readonly shallow: boolean;
}

export const shortCommit = (commit: string): string => commit.slice(0, 12);

/** `main, 1a2b3c4d5e6f` */
export const revisionWords = ({ commit, ref }: Revision): string =>
  commit.startsWith(ref) ? shortCommit(commit) : `${ref}, ${shortCommit(commit)}`;

const unknown = (message: string, hint: string): ShakedownError =>
  new ShakedownError("REVISION_UNKNOWN", message, { hint });

/** @throws REVISION_UNKNOWN where the folder is in no repository; TOOL_MISSING */
export async function repositoryOf(dir: string, signal: AbortSignal): Promise<Repository> {
  const top = await git(dir, ["rev-parse", "--show-toplevel", "--is-shallow-repository"], signal);
  if (!top.ok) {
    const why = top.stderr.split("\n")[0] ?? "";
    throw unknown(
      `${resolve(dir)} is in no working tree of a git repository (${why})`,
      "--control-ref and --variant-ref need the scenario to be in the repository of what it starts",
    );
  }
  const [root = "", shallow] = top.stdout.split("\n");
  return { root, within: relative(root, realpathSync(dir)), shallow: shallow === "true" };
}

const SHALLOW =
  "the clone is shallow, so it may only be missing here: `git fetch --unshallow`, or " +
  "`fetch-depth: 0` for actions/checkout, `GIT_DEPTH: 0` on GitLab";

/**
 * The commit that a flag names.
 * @throws REVISION_UNKNOWN, with what would help: another name, or a whole clone
 */
export async function revisionOf(
  { root, shallow }: Repository,
  flag: string,
  ref: string,
  signal: AbortSignal,
): Promise<Revision> {
  const commitOf = (name: string) =>
    git(root, ["rev-parse", "--verify", "--quiet", "--end-of-options", `${name}^{commit}`], signal);
  const found = await commitOf(ref);
  if (found.ok) return { ref, commit: found.stdout };
  const remote = await commitOf(`origin/${ref}`);
  const hint = remote.ok
    ? `there is origin/${ref}: ${flag} origin/${ref}`
    : shallow
      ? SHALLOW
      : "`git branch --all` and `git tag` list what is there; `git fetch` brings what is not";
  throw unknown(`${flag} ${ref}: there is no such commit in ${root}`, hint);
}
