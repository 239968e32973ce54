import { parentPort, workerData } from "node:worker_threads";
import { plainError } from "../core/index.ts";
import { type ReceiverOptions, startReceivers } from "./receivers.ts";
import type { FromReceivers } from "./thread.ts";

/* The receivers' own thread: whatever targets send, nobody else is made late by it. */

const port = parentPort!;
const say = (message: FromReceivers): void => port.postMessage(message);

try {
  const receivers = await startReceivers(workerData as ReceiverOptions);
  // The only thing that is ever said to it: stop.
  port.once("message", () => {
    void (async () => {
      say({ kind: "stopped", accounts: await receivers.stop() });
      port.close();
    })();
  });
  say({ kind: "ready", endpoints: receivers.endpoints });
} catch (thrown) {
  say({ kind: "refused", error: plainError(thrown, "INTERNAL") });
}
