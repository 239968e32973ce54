import { AuditLog } from "../../src/experiment/index.ts";
import { judgeAndReport, type RunDirectory } from "../../src/run/index.ts";
import { closeRun } from "../../src/run/close-run.ts";
import { type Written, writeRun } from "./run-fixture.ts";

export const NOW = (): string => "2026-01-01T00:01:00.000Z";

/** Writes a run directory as a run leaves it when it is over: judged, reported and closed. */
export async function closedRun(path: string, written: Written): Promise<RunDirectory> {
  const directory = await writeRun(path, written);
  await closeAgain(directory);
  return directory;
}

/** What a run does at its end, or whoever would forge one: judges, tells the trail, and closes it. */
export async function closeAgain(directory: RunDirectory): Promise<void> {
  const { decision, reason } = (await judgeAndReport(directory)).result;
  const audit = AuditLog.resume(directory.file("audit.ndjson"), NOW);
  audit.append("verdict", { decision, reason });
  await closeRun(directory, audit);
}
