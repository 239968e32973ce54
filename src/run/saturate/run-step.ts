import { monotonicClock, NS_PER_MS, type ShakedownError } from "../../core/index.ts";
import { readObservations } from "../../measure/index.ts";
import { startGenerators } from "../../replay/index.ts";
import type { SaturationStep } from "../../report/index.ts";
import type { RunDirectory } from "../run-directory.ts";
import type { ArmLoad } from "./load.ts";
import type { SaturateOptions } from "./options.ts";
import { judgeStep, measureStep } from "./step.ts";

/** Between the clock's origin and now, when a step begins: time to get going. */
const RUN_UP_NS = 50 * NS_PER_MS;
/** After the last answer, before the next step: what the target does once it has answered. */
const DRAIN_NS = 250 * NS_PER_MS;

/** What is common to all steps of a run. */
export interface StepContext {
  readonly options: SaturateOptions;
  readonly directory: RunDirectory;
  readonly runId: string;
  /** Null while it is not set: any p99 will do. */
  readonly p99LimitUs: number | null;
}

export interface WantedStep {
  readonly load: ArmLoad;
  /** 0 for the light step. */
  readonly run: number;
  /** Counted from 1 in each search. */
  readonly step: number;
  readonly ratePerSec: number;
}

const twoDigits = (value: number): string => String(value).padStart(2, "0");

/**
 * Sends one step with generators of its own, waits until all of it is answered and 250 ms more,
 * and judges it. What was observed stays in the run's directory.
 * @throws INTERRUPTED, TARGET_UNREACHABLE, DISK_WRITE_FAILED, INTERNAL
 */
export async function runStep(
  wanted: WantedStep,
  context: StepContext,
  signal: AbortSignal,
): Promise<SaturationStep> {
  const { load, ratePerSec, run, step } = wanted;
  const { directory, options, p99LimitUs, runId } = context;
  const name = `${load.name}-${twoDigits(run)}-${twoDigits(step)}`;
  const seed = `${options.seed}/saturate/${run}/${step}`;
  const { job, planned } = await load.step({ ratePerSec, name, seed }, directory, runId, signal);
  let failed: ShakedownError | null = null;
  const stop = (): void => generators.stop();
  await using generators = await startGenerators(
    job,
    {
      onStage: () => {},
      onCounts: () => {},
      // Its starts are dropped, and so it does not hold; the next step sees whether it is back.
      onBlocks: () => {},
      onRehearsal: () => {},
      onGone: stop,
      onDiskFailure: (error) => {
        failed ??= error;
        stop();
      },
    },
    signal,
  );
  signal.addEventListener("abort", stop, { once: true });
  // Nothing waits between here and `go`: an abort before this line is seen here.
  signal.throwIfAborted();
  const clock = monotonicClock(process.hrtime.bigint() + BigInt(RUN_UP_NS));
  const totals = await generators.go(clock.originNs);
  signal.removeEventListener("abort", stop);
  signal.throwIfAborted();
  failed ??= totals.error;
  if (failed !== null) throw failed;
  await clock.sleepUntilNs(clock.nowNs() + DRAIN_NS, signal);
  const part = { fromNs: options.settleNs, toNs: options.stepNs, timeoutNs: job.timeoutNs };
  const measures = measureStep(readObservations(...job.spoolPaths), part);
  const { dropped, errors, offeredDropped: _, responses, ...judged } = measures;
  return {
    arm: load.name,
    run,
    step,
    ratePerSec,
    ...judgeStep(measures, p99LimitUs),
    ledger: { planned, responses, errors, dropped },
    ...judged,
    goodputRatio: measures.offered === 0 ? 0 : measures.good / measures.offered,
    observations: job.spoolPaths.map((path) => path.slice(directory.path.length + 1)),
  };
}
