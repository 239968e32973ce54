import { REPORT_FORMATS, type ReportModel } from "../report/index.ts";
import { analyse } from "./analyse.ts";
import type { RunDirectory } from "./run-directory.ts";

/**
 * Judges a run from its directory and writes every report into it. Doing it again gives the same.
 * @throws RUN_INVALID, SPOOL_INVALID, DISK_WRITE_FAILED
 */
export async function judgeAndReport(directory: RunDirectory): Promise<ReportModel> {
  const model = analyse(directory);
  await writeReports(directory, model);
  return model;
}

/** @throws DISK_WRITE_FAILED */
export async function writeReports(directory: RunDirectory, model: ReportModel): Promise<void> {
  for (const format of REPORT_FORMATS) directory.write(format.file, await format.render(model));
}
