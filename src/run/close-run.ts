import { basename } from "node:path";
import { ShakedownError } from "../core/index.ts";
import { type AuditEntry, AuditLog, readAuditFile } from "../experiment/index.ts";
import { nowIso } from "./now-iso.ts";
import { HISTOGRAM_LOG } from "./histogram-log.ts";
import type { Judged } from "./judge.ts";
import type { RunDirectory } from "./run-directory.ts";
import { AUDIT_FILE, hashRunFiles, listRunFiles } from "./run-files.ts";

/** Events of the trail that say what the run's files are. */
export const CLOSED = "run closed";
export const JUDGED_AGAIN = "judged again";

/**
 * The last thing that a run does: every file of its directory goes into the audit trail with its
 * SHA-256, so that none can be changed unseen. On a full disk it stays open.
 * @throws RUN_INVALID when the directory is gone
 */
export async function closeRun(directory: RunDirectory, audit: AuditLog): Promise<void> {
  const files = await hashRunFiles(directory.path, listRunFiles(directory.path));
  try {
    audit.appendLast(CLOSED, { files });
  } catch (thrown) {
    if (!(thrown instanceof ShakedownError) || thrown.code !== "DISK_WRITE_FAILED") throw thrown;
  }
}

/**
 * By path, the SHA-256 of every file that a trail registers, as of its last entry that names it; null
 * when the run was never closed: it was killed, or an older version made it.
 */
export function registeredFiles(
  entries: readonly AuditEntry[],
): ReadonlyMap<string, string> | null {
  if (!entries.some(({ event }) => event === CLOSED)) return null;
  const telling = entries.filter(({ event }) => event === CLOSED || event === JUDGED_AGAIN);
  const files = telling.flatMap(({ detail }) => Object.entries(detail["files"] ?? {}));
  return new Map(files.filter((file): file is [string, string] => typeof file[1] === "string"));
}

/**
 * Notes in the trail of a closed run that its reports were made anew, where they came out otherwise
 * than they are registered: by another version, or because one had been changed. What was measured
 * is never registered anew.
 * @throws DISK_WRITE_FAILED
 */
export async function noteJudgedAgain(
  directory: RunDirectory,
  { model, reports }: Judged,
): Promise<void> {
  const path = directory.file(AUDIT_FILE);
  const registered = registeredFiles(readAuditFile(path).entries);
  if (registered === null) return;
  const logs = [...registered.keys()].filter((file) => basename(file) === HISTOGRAM_LOG);
  const made = [...reports.map(({ file }) => file), ...logs];
  const hashes = Object.entries(await hashRunFiles(directory.path, made));
  const files = Object.fromEntries(hashes.filter(([file, hash]) => registered.get(file) !== hash));
  if (Object.keys(files).length === 0) return;
  const { decision, reason } = model.result;
  AuditLog.resume(path, nowIso).appendLast(JUDGED_AGAIN, { decision, reason, files });
}
