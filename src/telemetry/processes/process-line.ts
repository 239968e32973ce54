import type { ProcessSample } from "./process-log.ts";

/** Beside the observations, in a run directory: what the processes of arms that we start used. */
export const PROCESSES_FILE = "processes.ndjson";

export const processLine = (sample: ProcessSample): string => `${JSON.stringify(sample)}\n`;
