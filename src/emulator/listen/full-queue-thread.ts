import { createServer } from "node:net";
import { parentPort, workerData } from "node:worker_threads";

/*
 * When told to, listens on a port and accepts nobody: the loop that would is blocked, so that the
 * kernel's queue of two fills up, and further connections get no answer. Frees the port when the
 * shared word is set, and ends.
 */
export interface FullQueueData {
  readonly host: string;
  readonly port: number;
  readonly over: Int32Array<SharedArrayBuffer>;
}

const { host, over, port } = workerData as FullQueueData;
const server = createServer((socket) => socket.resetAndDestroy());
server.on("error", (cause) => {
  parentPort?.postMessage(cause.message);
  parentPort?.close();
});
parentPort?.once("message", () =>
  server.listen({ host, port, backlog: 1 }, () => {
    parentPort?.postMessage("listening");
    // The message leaves with the end of this turn of the loop; then nothing moves any more.
    setImmediate(() => {
      Atomics.wait(over, 0, 0);
      server.close();
      parentPort?.close();
    });
  }),
);
parentPort?.postMessage("ready");
