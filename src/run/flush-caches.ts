import { formatDurationNs, messageOf, type MonotonicClock } from "../core/index.ts";
import type { AuditLog, Plan } from "../experiment/index.ts";
import { askerOf } from "../replay/index.ts";
import type { RunEvent } from "./live.ts";
import { type Done, runProgram, wholeMs } from "./run-program.ts";
import type { FlushCaches } from "./scenario/index.ts";
import { pathWithOurNode } from "./spawned.ts";
import type { Target } from "./target.ts";

/** How the caches of one arm were emptied as a stage began. Times since the run's start. */
export interface ArmFlush {
  readonly stage: string;
  readonly arm: string;
  readonly atNs: number;
  readonly tookNs: number;
  readonly ok: boolean;
  /** `answered 204`, `exit code 1`, `no answer within 5 s`. */
  readonly outcome: string;
}

/** The event of the trail, one for each arm. */
export const FLUSHED = "caches flushed";

/** What is said of a flush that failed: its stage is no probe. */
export const flushFailedWords = ({ arm, outcome, stage }: ArmFlush): string =>
  `the caches of ${arm} were not flushed as stage ${stage} began (${outcome}): it counts as not probed`;

const REFUSED_FROM = 400;

export interface FlushContext {
  readonly action: FlushCaches | undefined;
  readonly plan: Plan;
  readonly runId: string;
  /** The scenario's folder. */
  readonly dir: string;
  readonly audit: AuditLog;
  readonly onEvent: (event: RunEvent) => void;
}

/** How the caches of one arm are emptied as a stage begins. Never rejects. */
interface Flush {
  readonly arm: string;
  readonly empty: (stage: string) => Promise<Done>;
}

/**
 * Empties the caches of all arms at once as each stage begins that probes them cold, beside the
 * traffic: no start waits for it.
 */
export class CacheFlushes implements AsyncDisposable {
  readonly #context: FlushContext;
  readonly #over = new AbortController();
  readonly #done: ArmFlush[] = [];
  readonly #underWay: Promise<void>[] = [];
  #waiting: Promise<void> = Promise.resolve();

  constructor(context: FlushContext) {
    this.#context = context;
  }

  /** Waits for the stages of a plan, by the run's clock. */
  begin(targets: readonly Target[], clock: MonotonicClock): void {
    const { action, plan } = this.#context;
    const stages = plan.stages.filter(({ probe }) => probe?.cold === true);
    if (action === undefined || stages.length === 0) return;
    const flushes = targets.map((target) => this.#flushOf(action, target));
    this.#waiting = this.#follow(stages, flushes, clock).catch(() => {});
  }

  /** What came of it; nothing begins any more, and what is under way ends. */
  async end(): Promise<readonly ArmFlush[]> {
    this.#over.abort();
    await this.#waiting;
    await Promise.all(this.#underWay);
    return this.#done;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
  }

  async #follow(
    stages: Plan["stages"],
    flushes: readonly Flush[],
    clock: MonotonicClock,
  ): Promise<void> {
    for (const { name, startNs } of stages) {
      // oxlint-disable-next-line no-await-in-loop -- one stage after the other
      await clock.sleepUntilNs(startNs, this.#over.signal);
      this.#underWay.push(...flushes.map((flush) => this.#record(flush, name, clock)));
    }
  }

  async #record({ arm, empty }: Flush, stage: string, clock: MonotonicClock): Promise<void> {
    const atNs = clock.nowNs();
    const { ok, outcome } = await empty(stage);
    const flushed = { stage, arm, atNs, tookNs: clock.nowNs() - atNs, ok, outcome };
    this.#done.push(flushed);
    const { audit, onEvent } = this.#context;
    if (!ok) onEvent({ kind: "warning", message: flushFailedWords(flushed) });
    try {
      audit.append(FLUSHED, { ...flushed });
    } catch (thrown) {
      const message = `that caches were flushed is not on record: ${messageOf(thrown)}`;
      onEvent({ kind: "warning", message });
    }
  }

  /** What can be done ahead of the moment is done here. */
  #flushOf(action: FlushCaches, target: Target): Flush {
    const { arm } = target;
    const late = () => AbortSignal.timeout(wholeMs(action.timeout));
    const why = (inTime: AbortSignal, otherwise: string): string => {
      if (this.#over.signal.aborted) return "traffic ended before it was done";
      return inTime.aborted ? `not done within ${formatDurationNs(action.timeout)}` : otherwise;
    };
    if ("command" in action) {
      const { dir } = this.#context;
      const empty = async (stage: string): Promise<Done> => {
        const inTime = AbortSignal.any([this.#over.signal, late()]);
        const env = this.#envOf(target, stage);
        const { ok, outcome } = await runProgram(action, { dir, env, signal: inTime });
        return { ok, outcome: ok ? outcome : why(inTime, outcome) };
      };
      return { arm, empty };
    }
    const { request } = action;
    const ask = askerOf(target.address);
    const asked = { ...request, headers: { ...target.headers, ...request.headers } };
    const empty = async (): Promise<Done> => {
      const inTime = AbortSignal.any([this.#over.signal, late()]);
      try {
        const status = await ask(asked, inTime);
        return { ok: status < REFUSED_FROM, outcome: `answered ${status}` };
      } catch (thrown) {
        const cause = thrown instanceof Error && thrown.cause !== undefined ? thrown.cause : thrown;
        return { ok: false, outcome: why(inTime, messageOf(cause)) };
      }
    };
    return { arm, empty };
  }

  #envOf({ arm, origin }: Target, stage: string): NodeJS.ProcessEnv {
    const { plan, runId } = this.#context;
    return {
      ...process.env,
      PATH: pathWithOurNode(),
      SHAKEDOWN_ARM: arm,
      SHAKEDOWN_ARM_URL: origin,
      SHAKEDOWN_STAGE: stage,
      SHAKEDOWN_RUN: runId,
      SHAKEDOWN_SCENARIO: plan.scenario,
    };
  }
}
