import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { messageOf, ShakedownError } from "../../core/index.ts";
import { git, gitEnvironment, inFolder } from "./git.ts";
import { type Repository, type Revision, shortCommit } from "./repository.ts";

/** What has not been taken down yet: an exit that does not wait takes it down, too. */
const standing = new Set<Worktrees>();
let endsWithUs = false;

function endStanding(): void {
  for (const worktrees of standing) worktrees.removeNow();
}

/**
 * Checked-out commits of a repository, in a temporary folder that is gone when this is disposed of, or
 * when the process exits without that. A process that is killed outright leaves it behind.
 */
export class Worktrees implements AsyncDisposable {
  readonly #repository: Repository;
  readonly #folder: string;
  readonly #paths: string[] = [];

  /** @throws OUTPUT_UNWRITABLE */
  constructor(repository: Repository) {
    this.#repository = repository;
    try {
      this.#folder = realpathSync(mkdtempSync(join(tmpdir(), "shakedown-revisions-")));
    } catch (cause) {
      const message = `cannot make a folder for revisions: ${messageOf(cause)}`;
      throw new ShakedownError("OUTPUT_UNWRITABLE", message, {
        hint: "TMPDIR names another place for it",
        cause,
      });
    }
    if (!endsWithUs) process.on("exit", endStanding);
    endsWithUs = true;
    standing.add(this);
  }

  /**
   * Checks a commit out, without its submodules. The scenario's folder is made where the commit has
   * none. Returns the top of it, and that folder.
   * @throws OUTPUT_UNWRITABLE when git cannot; INTERRUPTED
   */
  async add(
    name: string,
    { commit }: Revision,
    signal: AbortSignal,
  ): Promise<{ readonly top: string; readonly dir: string; readonly hadDir: boolean }> {
    const { root, within } = this.#repository;
    const top = join(this.#folder, `${name}-${shortCommit(commit)}`);
    this.#paths.push(top);
    const added = await git(root, ["worktree", "add", "--quiet", "--detach", top, commit], signal);
    if (!added.ok) {
      const message = `git cannot check ${shortCommit(commit)} out into ${top}: ${added.stderr}`;
      throw new ShakedownError("OUTPUT_UNWRITABLE", message, {
        hint: "TMPDIR names another place for it; `git worktree prune` forgets those that are gone",
      });
    }
    const dir = join(top, within);
    return { top, dir, hadDir: mkdirSync(dir, { recursive: true }) === undefined };
  }

  /** Takes everything down, at once. What cannot be taken down is left. */
  removeNow(): void {
    standing.delete(this);
    for (const path of this.#paths.splice(0)) {
      const args = [...inFolder(this.#repository.root), "worktree", "remove", "--force", path];
      spawnSync("git", args, { env: gitEnvironment(), stdio: "ignore" });
    }
    try {
      rmSync(this.#folder, { recursive: true, force: true, maxRetries: 3 });
    } catch {
      // It is a temporary folder, and of no more use to anybody.
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.removeNow();
    return Promise.resolve();
  }
}
