import { git } from "./git.ts";

/** What stood in a folder of a git repository. */
export interface GitState {
  /** Of HEAD. */
  readonly commit: string;
  /** Files that git keeps were changed since, or staged; what it does not keep does not count. */
  readonly dirty: boolean;
}

/** The state of the repository that a folder is in; null where there is none, no commit, or no git. */
export async function gitState(dir: string): Promise<GitState | null> {
  try {
    const head = await git(dir, ["rev-parse", "--verify", "--quiet", "HEAD"]);
    if (!head.ok) return null;
    const status = await git(dir, ["status", "--porcelain", "--untracked-files=no"]);
    return { commit: head.stdout, dirty: status.stdout !== "" };
  } catch {
    return null;
  }
}
