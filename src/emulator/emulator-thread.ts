import { parentPort, workerData } from "node:worker_threads";
import { goFirst, plainError } from "../core/index.ts";
import { EmulatorCounters } from "./counters.ts";
import { type Emulator, serveEmulator } from "./emulator.ts";
import type { FromThread, Question, ThreadData, ToThread } from "./thread.ts";

/* The emulator's own thread: see thread.ts for what is said between the two. */

const port = parentPort!;
const say = (message: FromThread): void => port.postMessage(message);

/** What a question is answered with; undefined: nothing but that it was done. */
async function valueFor(emulator: Emulator, question: Question): Promise<unknown> {
  switch (question.kind) {
    case "journal":
      return emulator.journal();
    case "clear-journal":
      return emulator.clearJournal();
    case "change":
      return emulator.change(question.dependency, question.spec);
    case "begin":
      return emulator.begin(question.originNs);
    case "reset":
      return emulator.reset();
    case "stub-states":
      return emulator.stubStates();
    case "set-stub-states":
      return emulator.setStubStates(question.change);
  }
}

async function answer(
  emulator: Emulator,
  { id, question }: Extract<ToThread, { kind: "ask" }>,
): Promise<void> {
  try {
    say({ kind: "answer", id, value: await valueFor(emulator, question) });
  } catch (thrown) {
    say({ kind: "cannot", id, error: plainError(thrown, "EMULATOR_FAILED") });
  }
}

try {
  goFirst();
  const { options, shared } = workerData as ThreadData;
  const counters = new EmulatorCounters(options.arms, Object.keys(options.dependencies), shared);
  const emulator = await serveEmulator(options, counters);
  port.on("message", (message: ToThread) => {
    if (message.kind === "ask") void answer(emulator, message);
    else {
      void (async () => {
        say({ kind: "stopped", totals: await emulator.stop() });
        port.close();
      })();
    }
  });
  const { addresses, authority, toxiproxyAddress } = emulator;
  say({ kind: "ready", at: { addresses, authority, toxiproxyAddress } });
  for (const kind of ["failed", "starved"] as const) {
    void emulator[kind].then((error) => say({ kind, error: plainError(error, "EMULATOR_FAILED") }));
  }
  await emulator.rehearsed;
  say({ kind: "rehearsed" });
} catch (thrown) {
  say({ kind: "refused", error: plainError(thrown, "EMULATOR_FAILED") });
}
