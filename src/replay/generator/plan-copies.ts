import { once } from "node:events";
import { type PlainError, revivedError, startThread } from "../../core/index.ts";
import type { RekeyPlan, StoredRecords } from "../../profile/index.ts";
import type { GeneratorJob } from "./job.ts";

/** What the planning thread is started with. */
export interface PlannerJob {
  readonly records: StoredRecords;
  readonly copies: number;
  readonly seed: string;
}

export type FromPlanner =
  | { readonly kind: "plan"; readonly plan: RekeyPlan }
  | { readonly kind: "error"; readonly error: PlainError };

/**
 * How the copies of a job's capture are re-keyed, for all workers; null where they are not. It is
 * planned in a thread: with a large profile it takes a while, in which an interrupt must be heard,
 * and memory, which is given back at its end.
 * @throws the signal's reason; FILE_UNREADABLE, INTERNAL
 */
export async function planCopies(
  { copies, records, rekey, seed }: GeneratorJob,
  signal: AbortSignal,
): Promise<RekeyPlan | null> {
  if (!rekey || copies === 1) return null;
  const workerData: PlannerJob = { records, copies, seed };
  const thread = startThread("rekey-thread", import.meta.url, { workerData });
  try {
    const [told] = (await once(thread, "message", { signal })) as [FromPlanner];
    if (told.kind === "error") throw revivedError(told.error);
    return told.plan;
  } catch (thrown) {
    throw signal.aborted ? signal.reason : thrown;
  } finally {
    await thread.terminate();
  }
}
