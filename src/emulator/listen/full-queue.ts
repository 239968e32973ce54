import { once } from "node:events";
import { startThread } from "../../core/index.ts";
import type { FullQueueData } from "./full-queue-thread.ts";

/** A port's queue that nobody accepts from. */
export interface FullQueue {
  /**
   * Listens; the port must be free by now. Rejects with the system's message.
   */
  hold(): Promise<void>;
  /** Frees the port; whoever is in the queue is reset. */
  release(): Promise<void>;
}

/** Gets ready to hold a port, so that the port is without a listener as briefly as can be. */
export async function prepareFullQueue(host: string, port: number): Promise<FullQueue> {
  const over = new Int32Array(new SharedArrayBuffer(4));
  const workerData: FullQueueData = { host, port, over };
  const thread = startThread("full-queue-thread", import.meta.url, { workerData });
  const gone = new Promise((resolve) => void thread.once("exit", resolve));
  await once(thread, "message");
  return {
    async hold() {
      const heard = once(thread, "message");
      thread.postMessage("hold", []);
      const [said] = (await heard) as [string];
      if (said !== "listening") throw new Error(said);
    },
    async release() {
      Atomics.store(over, 0, 1);
      Atomics.notify(over, 0);
      await gone;
    },
  };
}
