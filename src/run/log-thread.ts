import { parentPort, workerData } from "node:worker_threads";
import { type LogData, tryHistogramLog } from "./histogram-log.ts";

/* Writes a run's histogram log in a thread: see beside-judge.ts. */

parentPort?.postMessage(tryHistogramLog(workerData as LogData));
