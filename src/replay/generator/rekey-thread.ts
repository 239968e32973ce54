import { parentPort, workerData } from "node:worker_threads";
import { plainError } from "../../core/index.ts";
import { planRekeying } from "../../profile/rekey/index.ts";
import { RecordStore } from "../../profile/store/index.ts";
import type { FromPlanner, PlannerJob } from "./plan-copies.ts";

/* Plans how a capture's copies are re-keyed, tells the plan, and is gone with all that it took. */

const say = (message: FromPlanner): void => parentPort?.postMessage(message);
const { copies, records, seed } = workerData as PlannerJob;
try {
  say({ kind: "plan", plan: planRekeying(new RecordStore(records), { copies, seed }) });
} catch (thrown) {
  say({ kind: "error", error: plainError(thrown, "INTERNAL") });
}
