import { parentPort, workerData } from "node:worker_threads";
import { monotonicClock } from "./clock.ts";
import type { AlarmShared } from "./wakers.ts";

/*
 * Blocks in Atomics.wait until the shared deadline has come, then posts a message, which wakes the
 * owner's event loop. The owner moves the deadline by writing it and raising the generation.
 */
const { state, deadline, originNs } = workerData as AlarmShared;
const clock = monotonicClock(originNs);
const [GENERATION, CLOSED] = [0, 1];

while (Atomics.load(state, CLOSED) === 0) {
  const generation = Atomics.load(state, GENERATION);
  const leftNs = (deadline[0] ?? Number.POSITIVE_INFINITY) - clock.nowNs();
  if (leftNs > 0) {
    Atomics.wait(state, GENERATION, generation, leftNs / 1e6);
    continue;
  }
  // Never a message for a deadline that was torn by a concurrent write: the generation tells.
  if (Atomics.load(state, GENERATION) !== generation) continue;
  parentPort?.postMessage(generation);
  Atomics.wait(state, GENERATION, generation);
}
