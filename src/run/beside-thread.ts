import { parentPort, workerData } from "node:worker_threads";
import { type BesideData, type FromBeside, seeOrSay } from "./beside-judge.ts";
import { tryHistogramLog } from "./histogram-log.ts";

/* What a large run's judge need not do itself: see beside-judge.ts. */

const say = (message: FromBeside): void => parentPort?.postMessage(message);
const { log, manifest, path } = workerData as BesideData;

say({ kind: "seen", ...seeOrSay(path, manifest) });
say({ kind: "logged", unwritten: log === null ? null : tryHistogramLog(log) });
