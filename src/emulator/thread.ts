import { Worker } from "node:worker_threads";
import {
  messageOf,
  type PlainError,
  revivedError,
  ShakedownError,
  threadUrl,
} from "../core/index.ts";
import { EmulatorCounters } from "./counters.ts";
import type { Emulator, EmulatorAddresses, EmulatorOptions, EmulatorTotals } from "./emulator.ts";

/** A thread that has not stopped by then is ended; its unsaved rows are counted as lost. */
const STOP_MS = 2_000;

/** What the thread is started with. */
export interface ThreadData {
  readonly options: EmulatorOptions;
  readonly shared: Int32Array<SharedArrayBuffer>;
}

/** What the thread says. The one thing said to it is "stop". */
export type FromThread =
  | { readonly kind: "ready"; readonly addresses: EmulatorAddresses }
  | { readonly kind: "refused"; readonly error: PlainError }
  | { readonly kind: "failed"; readonly error: PlainError }
  | { readonly kind: "stopped"; readonly totals: EmulatorTotals };

const died = (why: string, cause?: unknown): ShakedownError =>
  new ShakedownError("EMULATOR_FAILED", `the emulator's thread ended by itself: ${why}`, {
    hint: "what was recorded up to a second before is kept",
    cause,
  });

/** The emulator that a thread which was started with `ThreadData` serves. */
export async function emulatorOver(thread: Worker, counters: EmulatorCounters): Promise<Emulator> {
  const ready = Promise.withResolvers<EmulatorAddresses>();
  const failed = Promise.withResolvers<ShakedownError>();
  const stopped = Promise.withResolvers<EmulatorTotals>();
  const exited = Promise.withResolvers<void>();
  const fail = (error: ShakedownError): void => {
    failed.resolve(error);
    ready.reject(error);
  };
  thread.on("message", (message: FromThread) => {
    if (message.kind === "ready") ready.resolve(message.addresses);
    else if (message.kind === "stopped") stopped.resolve(message.totals);
    else fail(revivedError(message.error));
  });
  thread.on("error", (cause) => fail(died(messageOf(cause), cause)));
  thread.on("exit", (code) => {
    const keptRows = counters.total("rowsKept");
    const lostRows = counters.total("rows") - keptRows;
    const evictions = counters.total("evictions");
    stopped.resolve({ calls: counters.calls(), lostRows, keptRows, evictions });
    if (stopping === undefined) fail(died(`exit code ${code}`));
    exited.resolve();
  });
  const stop = async (): Promise<EmulatorTotals> => {
    const deadline = setTimeout(() => void thread.terminate(), STOP_MS);
    thread.postMessage("stop", []);
    const totals = await stopped.promise;
    await exited.promise;
    clearTimeout(deadline);
    return totals;
  };
  let stopping: Promise<EmulatorTotals> | undefined;
  const stopOnce = (): Promise<EmulatorTotals> => (stopping ??= stop());
  return {
    addresses: await ready.promise,
    failed: failed.promise,
    snapshot: () => Promise.resolve(counters.snapshot()),
    stop: stopOnce,
    async [Symbol.asyncDispose]() {
      await stopOnce();
    },
  };
}

/**
 * `startEmulator` in a thread of its own, so that it and the generator do not make each other
 * late. Errors arrive here as they are there.
 * @throws PORT_IN_USE, SCENARIO_INVALID, OUTPUT_UNWRITABLE, USAGE, EMULATOR_FAILED
 */
export function startEmulatorThread(options: EmulatorOptions): Promise<Emulator> {
  const counters = new EmulatorCounters(options.arms, Object.keys(options.dependencies));
  const workerData: ThreadData = { options, shared: counters.shared };
  const thread = new Worker(threadUrl("emulator-thread", import.meta.url), { workerData });
  return emulatorOver(thread, counters);
}
