import { closeSync, existsSync, openSync, readdirSync, readFileSync, writeSync } from "node:fs";
import type { MonotonicClock } from "../core/index.ts";
import type { Plan } from "../experiment/index.ts";
import { usageLine, type UsageSample } from "../measure/index.ts";
import { cpuByGroup, GrowingUse, TICKS_PER_S } from "../telemetry/index.ts";

import type { Target } from "./target.ts";

/** Beside the observations, in a run directory. */
export const USAGE_FILE = "usage.ndjson";

const SAMPLE_MS = 250;

/** Whether this system tells what processes use, in `/proc`. */
export const tellsUsage = (): boolean => existsSync("/proc/self/stat");

function* statTexts(): Generator<string> {
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    let text: string;
    try {
      text = readFileSync(`/proc/${name}/stat`, "latin1");
    } catch {
      // It has ended since it was listed.
      continue;
    }
    yield text;
  }
}

/**
 * Whether a plan's metrics need it: to look at every process of a busy host takes milliseconds, on
 * cores that the generator and the emulator may share.
 */
export const asksForUsage = ({ guardrails, primary, secondary }: Plan): boolean =>
  [primary, ...secondary, ...guardrails].some((spec) => spec?.metric === "cpu_seconds");

/**
 * Writes down, about four times a second until `end`, what the process groups of arms that were
 * started have used. Where nothing can be read or written, the log ends: what needs it is not judged.
 */
export class UsageLog {
  readonly #clock: MonotonicClock;
  readonly #arms: readonly { readonly arm: string; readonly pid: number; use: GrowingUse }[];
  readonly #path: string;
  #file: number | null = null;
  #sampling: NodeJS.Timeout | undefined;

  constructor(targets: readonly Target[], path: string, clock: MonotonicClock) {
    this.#clock = clock;
    this.#path = path;
    this.#arms = targets.flatMap(({ arm, pid }) =>
      pid === null ? [] : [{ arm, pid, use: new GrowingUse() }],
    );
  }

  begin(): void {
    if (this.#arms.length === 0 || !tellsUsage()) return;
    this.#sampling = setInterval(() => this.#sample(), SAMPLE_MS);
    this.#sample();
  }

  /** With a last sample: the arms must still be there. */
  end(): void {
    if (this.#sampling !== undefined) this.#sample({ last: true });
    this.#close();
  }

  #close(): void {
    clearInterval(this.#sampling);
    this.#sampling = undefined;
    if (this.#file !== null) closeSync(this.#file);
    this.#file = null;
  }

  #sample(mark: Pick<UsageSample, "last"> = {}): void {
    try {
      const sums = cpuByGroup(statTexts(), new Set(this.#arms.map(({ pid }) => pid)));
      const used = this.#arms.map(({ arm, pid, use }) => [
        arm,
        use.add(sums.get(pid) ?? 0) / TICKS_PER_S,
      ]);
      const atNs = this.#clock.nowNs();
      const line = usageLine({ atNs, cpuS: Object.fromEntries(used), ...mark });
      this.#file ??= openSync(this.#path, "w");
      writeSync(this.#file, line);
    } catch {
      this.#close();
    }
  }
}
