import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** A git repository that goes away with the test. */
export class TestRepository {
  readonly path = realpathSync(mkdtempSync(join(tmpdir(), "shakedown-git-")));

  constructor() {
    this.git("init", "--quiet", "--initial-branch=main");
    this.git("config", "user.name", "A Tester");
    this.git("config", "user.email", "tester@example.com");
    this.git("config", "commit.gpgsign", "false");
  }

  git(...args: string[]): string {
    const { GIT_DIR: _d, GIT_INDEX_FILE: _i, GIT_WORK_TREE: _w, ...env } = process.env;
    return execFileSync("git", ["-C", this.path, ...args], { encoding: "utf8", env }).trim();
  }

  write(name: string, text: string): void {
    const path = join(this.path, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }

  /** Writes files and commits all that is there. Returns the commit. */
  commit(files: Readonly<Record<string, string>>): string {
    for (const [name, text] of Object.entries(files)) this.write(name, text);
    this.git("add", "--all");
    this.git("commit", "--quiet", "--allow-empty", "--message", "a commit");
    return this.git("rev-parse", "HEAD");
  }

  /** Working trees, the repository's own included. */
  get worktrees(): number {
    return this.git("worktree", "list").split("\n").length;
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}
