import { spawnSync } from "node:child_process";
import { readlinkSync } from "node:fs";
import { availableParallelism, setPriority } from "node:os";
import { basename } from "node:path";
import { isMainThread } from "node:worker_threads";

/** How much a thread stands back (`nice`). */
const NICE = 10;
/** Of `SCHED_RR`'s 1 to 99 the least: before all that is not in real time, behind all that is. */
const REAL_TIME = "1";
const CHRT_MS_MAX = 2_000;

/** What asks that nothing goes first: `SHAKEDOWN_PRIORITY=usual`. */
export const PRIORITY_VARIABLE = "SHAKEDOWN_PRIORITY";

/**
 * On Linux, whoever else has work on this machine may keep a thread that is due from running for
 * tens of milliseconds. Those that keep time can be put into the kernel's real-time class
 * (sched(7), `SCHED_RR`), where they run when they are due. It takes `chrt` and `CAP_SYS_NICE` or
 * `RLIMIT_RTPRIO`; a second core, on which others work meanwhile; and that nobody says no.
 */
function mayTry(): boolean {
  return (
    process.platform === "linux" &&
    process.env[PRIORITY_VARIABLE] !== "usual" &&
    availableParallelism() > 1
  );
}

function chrt(...rest: readonly string[]): boolean {
  const { status } = spawnSync("chrt", ["-r", ...rest], {
    stdio: "ignore",
    timeout: CHRT_MS_MAX,
  });
  return status === 0;
}

let known: boolean | undefined;

/** Whether threads of this process may go first; asked once, which takes some milliseconds. */
export function mayGoFirst(): boolean {
  // A program that does nothing is started in the class: the kernel says no, or it does not.
  known ??= mayTry() && chrt(REAL_TIME, "true");
  return known;
}

/**
 * Puts the calling thread before all others that are not in real time, where that is possible; it
 * stays as it was where it is not. Threads that it starts from then on go first, too: its alarm. For
 * threads that are idle most of the time: one that never sleeps would take a core from everybody.
 * To be called once, since a large process takes a tenth of a second to start another. Does nothing
 * in a process' main thread, which is not ours alone.
 */
export function goFirst(): void {
  if (isMainThread || !mayTry()) return;
  try {
    chrt("-p", REAL_TIME, basename(readlinkSync("/proc/thread-self")));
  } catch {
    // No /proc: it works beside the others.
  }
}

/**
 * Puts the calling thread behind all others, on Linux, where a thread has a priority of its own;
 * elsewhere it would be the process's.
 */
export function standBack(): void {
  if (process.platform !== "linux") return;
  try {
    setPriority(NICE);
  } catch {
    // Where that is not allowed, it works beside the others.
  }
}
