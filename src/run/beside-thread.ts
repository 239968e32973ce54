import { parentPort, workerData } from "node:worker_threads";
import { type BesideData, seeAndLog } from "./beside-judge.ts";

/* What a large run's judge need not do itself: see beside-judge.ts. */

seeAndLog(workerData as BesideData, (message) => parentPort?.postMessage(message));
