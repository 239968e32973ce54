import { type ChildProcess, spawn } from "node:child_process";
import { messageOf, NS_PER_MS } from "../core/index.ts";
import { keepTrackOf, loseTrackOf, signalGroup } from "./spawned.ts";

/** A program with its arguments, and for how long it may run. */
export interface Program {
  readonly command: readonly string[];
  /** In nanoseconds. */
  readonly timeout: number;
}

/** How it went, in words. */
export interface Done {
  readonly ok: boolean;
  readonly outcome: string;
}

/** What Node's timers take: whole milliseconds. */
export const wholeMs = (ns: number): number => Math.ceil(ns / NS_PER_MS);

/**
 * Runs a program in a folder for as long as it may, without a shell. With a signal it leads a process
 * group, which ends when that is aborted, and with this process. Never throws.
 */
export function runProgram(
  { command, timeout }: Program,
  {
    dir,
    env,
    signal,
  }: {
    readonly dir: string;
    readonly env: NodeJS.ProcessEnv;
    readonly signal?: AbortSignal;
  },
): Promise<Done> {
  const { promise, resolve } = Promise.withResolvers<Done>();
  const [file = "", ...args] = command;
  const leads = signal !== undefined;
  let child: ChildProcess;
  try {
    child = spawn(file, args, {
      cwd: dir,
      stdio: "ignore",
      env,
      detached: leads,
      ...(leads ? {} : { timeout: wholeMs(timeout), killSignal: "SIGKILL" as const }),
    });
  } catch (thrown) {
    // Some failures to start are told at once, such as arguments that are too long.
    return Promise.resolve({ ok: false, outcome: messageOf(thrown) });
  }
  if (leads) boundGroup(child, AbortSignal.any([signal, AbortSignal.timeout(wholeMs(timeout))]));
  child.once("error", (error) => resolve({ ok: false, outcome: error.message }));
  child.once("close", (code, endedBy) => {
    const outcome = endedBy === null ? `exit code ${code}` : `ended by ${endedBy}`;
    resolve({ ok: code === 0, outcome });
  });
  return promise;
}

/** Ends a group when the signal says so, and what it leaves behind when its leader is done. */
function boundGroup(child: ChildProcess, signal: AbortSignal): void {
  const { pid } = child;
  if (pid === undefined) return;
  keepTrackOf(pid);
  const end = (): void => signalGroup(pid, "SIGKILL");
  if (signal.aborted) end();
  else signal.addEventListener("abort", end, { once: true });
  child.once("close", () => {
    signal.removeEventListener("abort", end);
    end();
    loseTrackOf(pid);
  });
}
