import { ShakedownError } from "../core/index.ts";
import {
  type AuditEntry,
  AuditLog,
  type Decision,
  mayBeLast,
  readAuditFile,
} from "../experiment/index.ts";
import { nowIso } from "./now-iso.ts";
import type { RunDirectory } from "./run-directory.ts";
import { AUDIT_FILE } from "./run-files.ts";

const EVENT = "override";

/** What people decided otherwise, and why. The verdict stays what it is. */
export interface Override {
  readonly at: string;
  readonly decision: Decision;
  readonly reason: string;
  readonly by?: string;
}

export const DECISIONS: readonly Decision[] = ["ship", "hold", "roll-back"];

/** The overrides of a trail, oldest first. */
export function overridesIn(entries: readonly AuditEntry[]): Override[] {
  return entries
    .filter(({ event }) => event === EVENT)
    .map(({ at, detail }) => ({ ...(detail as unknown as Omit<Override, "at">), at }))
    .map(({ at, by, decision, reason }) => ({
      at,
      decision,
      reason,
      ...(by === undefined ? {} : { by }),
    }));
}

/** The overrides of a run; none where its trail cannot be read. */
export function overridesOf(directory: RunDirectory): Override[] {
  try {
    return overridesIn(readAuditFile(directory.file(AUDIT_FILE)).entries);
  } catch {
    return [];
  }
}

/**
 * Puts on record, in the audit trail of a run that is over, that people decided otherwise. No file
 * but the trail is touched, and the verdict stays what it is.
 * @throws RUN_INVALID when the trail is broken, or the run was not closed; USAGE without a reason
 */
export function overrideRun(
  directory: RunDirectory,
  given: { readonly decision: Decision; readonly reason: string; readonly by?: string | undefined },
): void {
  const { by, decision } = given;
  const reason = given.reason.trim();
  if (reason === "") {
    throw new ShakedownError("USAGE", "an override needs a reason", {
      hint: 'say what is known that the run does not know: --reason "…"',
    });
  }
  const path = directory.file(AUDIT_FILE);
  const log = AuditLog.resume(path, nowIso);
  if (!mayBeLast(readAuditFile(path).entries.at(-1))) {
    throw new ShakedownError("RUN_INVALID", `${path} has no closing entry: the run is not over`, {
      hint: "it was killed, its trail was cut off, or an older shakedown made it: run it again",
    });
  }
  const detail = { decision, reason, ...(by === undefined ? {} : { by }) };
  log.appendLast(EVENT, detail);
}
