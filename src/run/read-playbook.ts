import { type PlaybookModel, resultSchema } from "../report/index.ts";
import { readRuns } from "./read-runs.ts";

/** A folder of runs, with all that their results hold: see `readRuns`. @throws RUN_INVALID */
export const readPlaybook = (folder: string): PlaybookModel => readRuns(folder, resultSchema);
