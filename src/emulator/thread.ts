import type { Worker } from "node:worker_threads";
import {
  messageOf,
  type PlainError,
  revivedError,
  ShakedownError,
  startThread,
} from "../core/index.ts";
import { EmulatorCounters } from "./counters.ts";
import type { DependencySpec } from "./dependency.ts";
import type { JournalEntry } from "./journal.ts";
import type { Emulator, EmulatorOptions, EmulatorTotals } from "./emulator.ts";
import type { StubStateChange, StubStates } from "./stub-states.ts";

/** A thread that has not stopped by then is ended; its unsaved rows are counted as lost. */
const STOP_MS = 2_000;

/** What the thread is started with. */
export interface ThreadData {
  readonly options: EmulatorOptions;
  readonly shared: Int32Array<SharedArrayBuffer>;
}

/** What the thread is asked; each question but the last is answered by its number. */
export type ToThread =
  | { readonly kind: "ask"; readonly id: number; readonly question: Question }
  | { readonly kind: "stop" };

export type Question =
  | { readonly kind: "journal" }
  | { readonly kind: "clear-journal" }
  | { readonly kind: "change"; readonly dependency: string; readonly spec: DependencySpec }
  | { readonly kind: "begin"; readonly originNs: bigint }
  | { readonly kind: "stub-states" }
  | { readonly kind: "set-stub-states"; readonly change: StubStateChange }
  | { readonly kind: "reset" };

/** What the thread says. */
export type FromThread =
  | { readonly kind: "answer"; readonly id: number; readonly value: unknown }
  | { readonly kind: "cannot"; readonly id: number; readonly error: PlainError }
  | { readonly kind: "ready"; readonly at: EmulatorPlaces }
  | { readonly kind: "rehearsed" }
  | { readonly kind: "refused"; readonly error: PlainError }
  | { readonly kind: "failed"; readonly error: PlainError }
  | { readonly kind: "starved"; readonly error: PlainError }
  | { readonly kind: "stopped"; readonly totals: EmulatorTotals };

const died = (why: string, cause?: unknown): ShakedownError =>
  new ShakedownError("EMULATOR_FAILED", `the emulator's thread ended by itself: ${why}`, {
    hint: "what was recorded up to a second before is kept",
    cause,
  });

/** Where a thread's emulator listens, and whom its callers have to trust. */
export type EmulatorPlaces = Pick<Emulator, "addresses" | "toxiproxyAddress" | "authority">;

/** The emulator that a thread which was started with `ThreadData` serves. */
export async function emulatorOver(thread: Worker, counters: EmulatorCounters): Promise<Emulator> {
  const ready = Promise.withResolvers<EmulatorPlaces>();
  const rehearsed = Promise.withResolvers<void>();
  rehearsed.promise.catch(() => {});
  const failed = Promise.withResolvers<ShakedownError>();
  const starved = Promise.withResolvers<ShakedownError>();
  const stopped = Promise.withResolvers<EmulatorTotals>();
  const exited = Promise.withResolvers<void>();
  const asked = new Map<number, PromiseWithResolvers<unknown>>();
  const take = (id: number): PromiseWithResolvers<unknown> | undefined => {
    const waiting = asked.get(id);
    asked.delete(id);
    return waiting;
  };
  const fail = (error: ShakedownError): void => {
    failed.resolve(error);
    ready.reject(error);
    rehearsed.reject(error);
    for (const id of asked.keys()) take(id)?.reject(error);
  };
  let ids = 0;
  const ask = (question: Question): Promise<unknown> => {
    const waiting = Promise.withResolvers<unknown>();
    const id = ids++;
    asked.set(id, waiting);
    say({ kind: "ask", id, question });
    return waiting.promise;
  };
  const say = (message: ToThread): void => thread.postMessage(message);
  thread.on("message", (message: FromThread) => {
    if (message.kind === "ready") ready.resolve(message.at);
    else if (message.kind === "rehearsed") rehearsed.resolve();
    else if (message.kind === "answer") take(message.id)?.resolve(message.value);
    else if (message.kind === "cannot") take(message.id)?.reject(revivedError(message.error));
    else if (message.kind === "starved") starved.resolve(revivedError(message.error));
    else if (message.kind === "stopped") stopped.resolve(message.totals);
    else fail(revivedError(message.error));
  });
  thread.on("error", (cause) => fail(died(messageOf(cause), cause)));
  thread.on("exit", (code) => {
    const keptRows = counters.total("rowsKept");
    const lostRows = counters.total("rows") - keptRows;
    stopped.resolve({ ...counters.told(), lostRows, keptRows });
    if (stopping === undefined) fail(died(`exit code ${code}`));
    exited.resolve();
  });
  const stop = async (): Promise<EmulatorTotals> => {
    const deadline = setTimeout(() => void thread.terminate(), STOP_MS);
    say({ kind: "stop" });
    const totals = await stopped.promise;
    await exited.promise;
    clearTimeout(deadline);
    return totals;
  };
  let stopping: Promise<EmulatorTotals> | undefined;
  const stopOnce = (): Promise<EmulatorTotals> => (stopping ??= stop());
  return {
    ...(await ready.promise),
    rehearsed: rehearsed.promise,
    failed: failed.promise,
    starved: starved.promise,
    snapshot: async () => counters.snapshot(),
    journal: async () => (await ask({ kind: "journal" })) as readonly JournalEntry[],
    clearJournal: async () => void (await ask({ kind: "clear-journal" })),
    change: async (dependency, spec) => void (await ask({ kind: "change", dependency, spec })),
    begin: async (originNs) => void (await ask({ kind: "begin", originNs })),
    reset: async () => void (await ask({ kind: "reset" })),
    stubStates: async () => (await ask({ kind: "stub-states" })) as StubStates,
    setStubStates: async (change) => void (await ask({ kind: "set-stub-states", change })),
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
  const thread = startThread("emulator-thread", import.meta.url, { workerData });
  return emulatorOver(thread, counters);
}
