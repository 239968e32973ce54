import type { Pacing } from "../core/index.ts";

/** How the generator is paced, and why. */
export interface PacingChoice {
  readonly pacing: Pacing;
  /** For people: `alarm: 2 cores, none to spare`. */
  readonly label: string;
}

/** What else wants a core of this machine while a run goes on. */
export interface CoreDemand {
  /** Cores that this process may use. */
  readonly cores: number;
  readonly workers: number;
  /** Targets on this machine, and the emulator's thread where there is one. */
  readonly neighbours: number;
}

/**
 * `auto` spins only where every worker can have a core to itself, beside one for each neighbour
 * and one for the rest of this process: a spinning loop that takes a core from the target makes
 * the target slow, and the measurement with it.
 */
export function choosePacing(wanted: Pacing | "auto", demand: CoreDemand): PacingChoice {
  if (wanted !== "auto") return { pacing: wanted, label: `${wanted}: as asked for` };
  const { cores, neighbours, workers } = demand;
  const spare = cores - 1 - neighbours;
  const on = `${cores} ${cores === 1 ? "core" : "cores"}`;
  return spare >= workers
    ? { pacing: "spin", label: `spin: ${on}, ${spare} to spare` }
    : {
        pacing: "alarm",
        label: `alarm: ${on}, ${spare > 0 ? `${spare} to spare` : "none to spare"}`,
      };
}

/** What one worker sends without being late: well below what was measured on one core. */
const STARTS_PER_WORKER_PER_SEC = 20_000;

/** One worker, and more where one would be late and cores are there for them. */
export function chooseWorkers(
  wanted: number | "auto",
  peakPerSec: number,
  demand: Omit<CoreDemand, "workers">,
): number {
  if (wanted !== "auto") return wanted;
  const needed = Math.ceil(peakPerSec / STARTS_PER_WORKER_PER_SEC);
  return Math.max(Math.min(needed, demand.cores - 1 - demand.neighbours), 1);
}

/**
 * What one worker starts while it sleeps most of the time: where starts are closer together, it
 * waits for them awake (see the alarm's `NEAR_NS`), and would keep a core from everybody.
 */
const STARTS_FIRST_PER_SEC = 4_000;

/** Whether workers may go before other threads: where they sleep between two starts. */
export function goesFirst(pacing: Pacing, startsPerWorkerPerSec: number): boolean {
  return pacing !== "spin" && startsPerWorkerPerSec <= STARTS_FIRST_PER_SEC;
}
