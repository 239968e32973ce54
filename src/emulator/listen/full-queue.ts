import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { threadUrl } from "../../core/index.ts";
import type { FullQueueData } from "./full-queue-thread.ts";

/** Holds a port whose queue nobody accepts from, until it is released. */
export interface FullQueue {
  release(): Promise<void>;
}

export async function holdFullQueue(host: string, port: number): Promise<FullQueue> {
  const over = new Int32Array(new SharedArrayBuffer(4));
  const workerData: FullQueueData = { host, port, over };
  const thread = new Worker(threadUrl("full-queue-thread", import.meta.url), { workerData });
  const gone = new Promise((resolve) => void thread.once("exit", resolve));
  const [said] = (await once(thread, "message")) as [string];
  if (said !== "listening") throw new Error(said);
  return {
    async release() {
      Atomics.store(over, 0, 1);
      Atomics.notify(over, 0);
      await gone;
    },
  };
}
