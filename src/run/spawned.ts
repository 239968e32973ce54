import { type ChildProcess, spawn } from "node:child_process";
import { delimiter, dirname } from "node:path";
import { systemCodeOf } from "../core/index.ts";

/** Process groups of ours that have not been seen to end. */
const groups = new Set<number>();
/** Whether the end of this process ends them: from the first one on. */
let endsWithUs = false;

/**
 * Reads lines of process groups (`-123 -456`) until this process is gone, however it went, then
 * ends those of the last line. An empty line, as after an orderly end, names none.
 */
const WATCH = 'g=; while IFS= read -r line; do g=$line; done; [ -z "$g" ] || kill -9 $g';
let watcher: ChildProcess | undefined;

/** Tells the watcher what to end should this process be killed outright. */
function tellWatcher(): void {
  if (watcher === undefined) {
    watcher = spawn("sh", ["-c", WATCH], { detached: true, stdio: ["pipe", "ignore", "ignore"] });
    // Without a shell there is nobody to watch; the run does not depend on it.
    watcher.on("error", () => {});
    watcher.stdin?.on("error", () => {});
    watcher.unref();
  }
  watcher.stdin?.write(`${[...groups].map((pid) => -pid).join(" ")}\n`);
  if (groups.size > 0) return;
  watcher.stdin?.end();
  watcher = undefined;
}

/** From now on the group that this process leads ends with us. */
export function keepTrackOf(pid: number): void {
  if (!endsWithUs) process.on("exit", endSpawned);
  endsWithUs = true;
  groups.add(pid);
  tellWatcher();
}

/** The group has ended, or is none of our business any more. */
export function loseTrackOf(pid: number): void {
  if (groups.delete(pid)) tellWatcher();
}

/**
 * Ends, at once, whatever this process has spawned and not yet stopped. Synchronous, for the last
 * moment of a process that is told to go away now.
 */
function endSpawned(): void {
  for (const pid of groups) signalGroup(pid, "SIGKILL");
  groups.clear();
}

/** Signals a process and all that it started; nothing happens when they are gone. */
export function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch (thrown) {
    if (systemCodeOf(thrown) !== "ESRCH") throw thrown;
  }
}

/** The PATH of what we start: `node` means the Node.js that runs us, whatever else is on the PATH. */
export const pathWithOurNode = (): string =>
  [dirname(process.execPath), process.env["PATH"] ?? ""].join(delimiter);
