import { type History, historyOf, historyResultSchema } from "../report/index.ts";
import { readRuns } from "./read-runs.ts";

/**
 * What the runs of a folder tell together. Only what a history needs is kept of each result.
 * @throws RUN_INVALID when the folder cannot be read, is itself a run, or holds none
 */
export function readHistory(folder: string, version: string): History {
  const { runs, unread } = readRuns(folder, historyResultSchema);
  return historyOf(runs, { unread, version });
}
