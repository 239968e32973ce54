import {
  formatCount,
  formatRatio,
  formatUs,
  NS_PER_MS,
  NS_PER_S,
  NS_PER_US,
} from "../../core/index.ts";
import {
  generatorLagUs,
  Histogram,
  type Observation,
  responseTimeUs,
} from "../../measure/index.ts";
import type { StepOutcome } from "./search.ts";

/** The part of a step that is judged, in nanoseconds since the step's start. */
export interface JudgedPart {
  readonly fromNs: number;
  readonly toNs: number;
  readonly timeoutNs: number;
}

/** What was seen in a step. */
export interface StepMeasures {
  /** The whole step, exactly: planned = responses + errors + dropped. */
  readonly responses: number;
  readonly errors: number;
  readonly dropped: number;
  /** Intended starts in the judged part. */
  readonly offered: number;
  /** Of them, answered below 500 within the timeout. */
  readonly good: number;
  /** Of them, dropped, since too many were in flight. */
  readonly offeredDropped: number;
  /** Response times, from the intended start, of what was started in the judged part. */
  readonly p50Us: number;
  readonly p99Us: number;
  readonly generatorLagP99Us: number;
  /** Answers below 500 that ended in the judged part, per second of it, whenever they were due. */
  readonly throughputPerSec: number;
  /** Mean requests in flight over the judged part. */
  readonly concurrency: number;
  /** Due and not yet over at the end of the judged part, less those at its beginning. */
  readonly backlogGrowth: number;
}

/**
 * Measures a step from its observations. Goodput and response times go by the intended start.
 * Throughput and concurrency go by what happened during the judged part itself: under overload,
 * what was due in it is answered long after. A failed request counts with the timeout.
 * Source: Little 1961: mean in flight = Σ time in flight ÷ time.
 */
export function measureStep(observations: Iterable<Observation>, part: JudgedPart): StepMeasures {
  const { fromNs, timeoutNs, toNs } = part;
  const count = { responses: 0, errors: 0, dropped: 0, offered: 0, good: 0, offeredDropped: 0 };
  const responseTime = new Histogram();
  const lag = new Histogram();
  let ended = 0;
  let backlogGrowth = 0;
  let inFlightNs = 0;
  for (const seen of observations) {
    const due = seen.intendedNs >= fromNs && seen.intendedNs < toNs;
    if (seen.kind === "dropped") {
      count.dropped += seen.count;
      if (due) count.offered += seen.count;
      if (due) count.offeredDropped += seen.count;
      continue;
    }
    const answered = seen.kind === "response" && seen.status < 500;
    if (seen.kind === "response") count.responses++;
    else count.errors++;
    if (answered && seen.endNs >= fromNs && seen.endNs < toNs) ended++;
    if (seen.intendedNs < toNs && seen.endNs >= toNs) backlogGrowth++;
    if (seen.intendedNs < fromNs && seen.endNs >= fromNs) backlogGrowth--;
    inFlightNs += Math.max(Math.min(seen.endNs, toNs) - Math.max(seen.startNs, fromNs), 0);
    if (!due) continue;
    count.offered++;
    if (answered && seen.endNs - seen.intendedNs <= timeoutNs) count.good++;
    responseTime.record(responseTimeUs(seen, timeoutNs));
    lag.record(Math.max(generatorLagUs(seen), 0));
  }
  return {
    ...count,
    p50Us: responseTime.quantile(0.5),
    p99Us: responseTime.quantile(0.99),
    generatorLagP99Us: lag.quantile(0.99),
    throughputPerSec: (ended * NS_PER_S) / (toNs - fromNs),
    concurrency: inFlightNs / (toNs - fromNs),
    backlogGrowth,
  };
}

/** The share of what was offered that must be answered in time. */
export const GOODPUT_MIN = 0.99;
/** A backlog that grows by more than both of these is no fluctuation: less comes out than goes in. */
const BACKLOG_SHARE = 0.05;
const BACKLOG_REQUESTS = 10;
const LATE_US = NS_PER_MS / NS_PER_US;
const LATE_SHARE = 0.1;

/** Whether a target held in a step, and why not, for people. */
export interface StepVerdict {
  readonly outcome: StepOutcome;
  readonly why: string | null;
}

/**
 * Judges a step: it holds when at least 99 % of what was offered was answered below 500 within the
 * timeout, the p99 response time is within the limit (null: any will do), and the backlog did not
 * grow by more than a twentieth of what was offered: a short step ends before a slow overload has
 * used up a generous limit. One that does not hold is `late`, not failed, when the generator's own
 * lag had a p99 above 1 ms and above a tenth of the step's median response time: what was sent was
 * not what was meant. One that holds in spite of that holds: the lag is part of its response times.
 */
export function judgeStep(measures: StepMeasures, p99LimitUs: number | null): StepVerdict {
  const { backlogGrowth, generatorLagP99Us, good, offered, offeredDropped } = measures;
  const { p50Us, p99Us } = measures;
  if (offered === 0) return { outcome: "late", why: "nothing was sent" };
  const why: string[] = [];
  if (good < GOODPUT_MIN * offered) {
    const dropped =
      offeredDropped === 0 ? "" : `, ${formatRatio(offeredDropped / offered)} dropped`;
    why.push(`goodput ${formatRatio(good / offered)}${dropped}`);
  }
  if (p99LimitUs !== null && p99Us > p99LimitUs) why.push(`p99 above ${formatUs(p99LimitUs)}`);
  if (backlogGrowth > Math.max(BACKLOG_REQUESTS, BACKLOG_SHARE * offered)) {
    why.push(`backlog grew by ${formatCount(backlogGrowth)}`);
  }
  if (why.length === 0) return { outcome: "holds", why: null };
  if (generatorLagP99Us <= Math.max(LATE_US, LATE_SHARE * p50Us)) {
    return { outcome: "fails", why: why.join("; ") };
  }
  const late = `the generator itself was late: p99 ${formatUs(generatorLagP99Us)}`;
  return { outcome: "late", why: late };
}
