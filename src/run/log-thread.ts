import { parentPort, workerData } from "node:worker_threads";
import { type LogData, tryHistogramLog } from "./histogram-log.ts";
import { RunDirectory } from "./run-directory.ts";

/* Writes a run's histogram log in a thread: see beside-judge.ts. */

const { manifest, path } = workerData as LogData;
parentPort?.postMessage(tryHistogramLog(new RunDirectory(path), manifest));
