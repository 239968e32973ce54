import { parentPort, workerData } from "node:worker_threads";
import { endIdleAlarms, goFirst, plainError } from "../../core/index.ts";
import { rehearseReplay } from "./rehearse.ts";
import {
  type FromWorker,
  type GeneratorArm,
  NOTHING_DONE,
  type ToWorker,
  type WorkerJob,
} from "./job.ts";
import { WorkerGenerator } from "./worker.ts";

/*
 * One worker of the generator: rehearses, waits until it knows where the arms are and for `go`,
 * replays its shard, tells its totals.
 */

const workerJob = workerData as WorkerJob;
const say = (message: FromWorker): void => parentPort?.postMessage(message);
let generator: WorkerGenerator | null = null;
const leaving = new AbortController();
const aim = Promise.withResolvers<readonly GeneratorArm[] | null>();
const go = Promise.withResolvers<Extract<ToWorker, { kind: "go" }> | null>();
if (workerJob.aimsLater !== true) aim.resolve(workerJob.job.arms);

parentPort?.on("message", (message: ToWorker) => {
  if (message.kind === "aim") aim.resolve(message.arms);
  if (message.kind === "go") go.resolve(message);
  if (message.kind === "stop") generator?.stop();
  if (message.kind === "cut") generator?.cut(message.arm);
  if (message.kind === "thin") generator?.thin(message.thinning);
  if (message.kind === "release") generator?.release(message.fromNs);
  if (message.kind === "leave") {
    leaving.abort();
    aim.resolve(null);
    go.resolve(null);
  }
});

/** Until it has done what it was told to; it may be told to leave at any time. */
async function work(): Promise<void> {
  const { job } = workerJob;
  if (job.rehearse !== false) {
    await rehearseReplay(workerJob, leaving.signal, (counts) => say({ kind: "rehearsal", counts }));
  }
  const arms = await aim.promise;
  if (arms === null) return;
  // Nobody says more to it than to leave before it is ready.
  const own = new WorkerGenerator({ ...workerJob, job: { ...job, arms } }, say);
  generator = own;
  if (job.goesFirst) {
    // A thread is in the class of whoever began it, and rehearsals were in none.
    await endIdleAlarms();
    goFirst();
  }
  say({ kind: "ready" });
  const told = await go.promise;
  if (told !== null) say({ kind: "done", ...(await own.run(told.originNs, told.fromNs)) });
}

try {
  await work();
} catch (thrown) {
  say({ kind: "done", totals: NOTHING_DONE, error: plainError(thrown, "INTERNAL") });
}
parentPort?.close();
