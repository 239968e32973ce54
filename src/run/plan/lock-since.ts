import { messageOf } from "../../core/index.ts";
import { readLock } from "./lock.ts";

/** What became of a lock since a run was held against it. */
export interface LockSince {
  readonly status: "holds" | "broken" | "not checked";
  readonly summary: string;
}

/**
 * Whether the lock at `path` is the one that a run was held against, by the hash that its trail
 * registers, or was amended since, which is on record in it. One that is gone, or stands elsewhere,
 * is not checked: the run does not need it.
 */
export function lockSince(path: string, recorded: string): LockSince {
  let lock;
  try {
    lock = readLock(path);
  } catch (thrown) {
    // Which file it is stands before it.
    return { status: "broken", summary: messageOf(thrown).replace(`${path} `, "it ") };
  }
  if (lock === null) {
    return { status: "not checked", summary: `${path} is not there; the run's was ${recorded}` };
  }
  if (lock.sha256 === recorded) return { status: "holds", summary: `${path} is as it was` };
  const since = lock.amendments.findIndex(({ replaces }) => replaces === recorded);
  if (since === -1) {
    const summary = `it is ${lock.sha256}, the run's was ${recorded}, and no amendment tells of it`;
    return { status: "broken", summary };
  }
  const reasons = lock.amendments.slice(since).map(({ reason }) => `“${reason}”`);
  return { status: "holds", summary: `${path} was amended since: ${reasons.join(", ")}` };
}
