import { parentPort, workerData } from "node:worker_threads";
import { endIdleAlarms, goFirst, plainError } from "../../core/index.ts";
import { rehearseReplay } from "./rehearse.ts";
import { type FromWorker, NOTHING_DONE, type ToWorker, type WorkerJob } from "./job.ts";
import { WorkerGenerator } from "./worker.ts";

/* One worker of the generator: rehearses, waits for `go`, replays its shard, tells its totals. */

const workerJob = workerData as WorkerJob;
const say = (message: FromWorker): void => parentPort?.postMessage(message);
const generator = new WorkerGenerator(workerJob, say);
const leaving = new AbortController();
const go = Promise.withResolvers<Extract<ToWorker, { kind: "go" }> | null>();

parentPort?.on("message", (message: ToWorker) => {
  if (message.kind === "go") go.resolve(message);
  if (message.kind === "stop") generator.stop();
  if (message.kind === "cut") generator.cut(message.arm);
  if (message.kind === "thin") generator.thin(message.thinning);
  if (message.kind === "release") generator.release(message.fromNs);
  if (message.kind === "leave") {
    leaving.abort();
    go.resolve(null);
  }
});

try {
  if (workerJob.job.rehearse !== false) {
    await rehearseReplay(workerJob, leaving.signal, (counts) => say({ kind: "rehearsal", counts }));
  }
  if (workerJob.job.goesFirst) {
    // A thread is in the class of whoever began it, and rehearsals were in none.
    await endIdleAlarms();
    goFirst();
  }
  say({ kind: "ready" });
  const told = await go.promise;
  if (told !== null) {
    say({ kind: "done", ...(await generator.run(told.originNs, told.fromNs)) });
  }
} catch (thrown) {
  say({ kind: "done", totals: NOTHING_DONE, error: plainError(thrown, "INTERNAL") });
}
parentPort?.close();
