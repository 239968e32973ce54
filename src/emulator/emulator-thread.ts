import { parentPort, workerData } from "node:worker_threads";
import { plainError } from "../core/index.ts";
import { EmulatorCounters } from "./counters.ts";
import { serveEmulator } from "./emulator.ts";
import type { FromThread, ThreadData } from "./thread.ts";

/* The emulator's own thread: see thread.ts for what is said between the two. */

const port = parentPort!;
const say = (message: FromThread): void => port.postMessage(message);

try {
  const { options, shared } = workerData as ThreadData;
  const counters = new EmulatorCounters(options.arms, Object.keys(options.dependencies), shared);
  const emulator = await serveEmulator(options, counters);
  port.once("message", () => {
    void (async () => {
      say({ kind: "stopped", totals: await emulator.stop() });
      port.close();
    })();
  });
  say({ kind: "ready", addresses: emulator.addresses });
  void emulator.failed.then((error) =>
    say({ kind: "failed", error: plainError(error, "EMULATOR_FAILED") }),
  );
} catch (thrown) {
  say({ kind: "refused", error: plainError(thrown, "EMULATOR_FAILED") });
}
