import { kolmogorovSmirnov } from "../../stats/index.ts";
import type { Evidence, StageWindow } from "../detector.ts";
import { quantile } from "../join.ts";
import { type Attempt, attemptsOf, readRetries, type RetryReading } from "../retries.ts";
import { requestsIn, stagesThat, usualStage } from "./stages.ts";

const RULE = {
  calls: 20,
  /** Chains as long as the longest must be this share of those where all fails. */
  chainRatio: 0.02,
  /** Less than this beyond one attempt a call: no retries. */
  noneBeyond: 0.05,
  /** This share of what retrying every failure would make: nothing bounds it. */
  geometricRatio: 0.9,
  /** Robust coefficient of variation of the gaps, below which there is no jitter. */
  jitterCv: 0.1,
  /** Gaps that are needed to tell, and the level of the test that they are uniform from 0. */
  gaps: 20,
  ksLevel: 0.01,
} as const;

export interface AmplificationPoint {
  /** The share of calls that fail, as seen, and attempts for each call that is meant. */
  readonly failing: number;
  readonly amplification: number;
}

/** What a dependency that fails more and more shows of how its caller tries again. */
export interface ErrorSweep {
  readonly points: readonly AmplificationPoint[];
  readonly joinedBy: "identity" | "rates";
  /** `none`: no retries; `every`: each failure is retried, up to `attempts`; `budget`: a share of them. */
  readonly policy: "none" | "every" | "budget";
  /** Attempts in all, the first one included. */
  readonly attempts: number;
  /** Attempts beyond the first for each call, where a budget bounds them; null where none does. */
  readonly budgetRatio: number | null;
  readonly jitter: "none" | "some" | "full" | null;
  /** Median from a failure to its first retry, in ms; null without retries that can be told. */
  readonly firstGapMs: number | null;
  readonly unsafeRetries: number;
}

/** (1 − p^m) / (1 − p): attempts for each call when each fails with chance p and m are made at most. */
export const geometricAmplification = (p: number, attempts: number): number =>
  p >= 1 ? attempts : (1 - p ** attempts) / (1 - p);

/** The longest chain that is no accident, where all fails. */
function longestChain(attempts: readonly Attempt[], stage: StageWindow): number {
  const inside = attempts.filter(
    ({ call }) => call.seq >= 0 && call.arriveNs >= stage.fromNs && call.arriveNs < stage.toNs,
  );
  const firsts = inside.filter(({ inARow }) => inARow === 1).length;
  const longest = inside.reduce((most, { inARow }) => Math.max(most, inARow), 1);
  for (let k = longest; k > 1; k--) {
    const reached = inside.filter(({ inARow }) => inARow >= k).length;
    if (reached >= Math.max(2, RULE.chainRatio * firsts)) return k;
  }
  return 1;
}

/**
 * How waits before first retries are spread. Full jitter is uniform from 0 to the backoff (Brooker
 * 2015), told by a Kolmogorov–Smirnov test against a grid of it.
 */
function jitterOf(retries: readonly Attempt[], gapCv: number): ErrorSweep["jitter"] {
  const gapsMs = retries.map(({ before, call }) =>
    Math.max((call.arriveNs - (before?.endNs ?? call.arriveNs)) / 1e6, 0),
  );
  if (gapsMs.length < RULE.gaps || !Number.isFinite(gapCv)) return null;
  if (gapCv < RULE.jitterCv) return "none";
  const top = quantile(gapsMs, 1) * (1 + 1 / gapsMs.length);
  const uniform = Array.from({ length: 1_000 }, (_, i) => ((i + 0.5) / 1_000) * top);
  return kolmogorovSmirnov(gapsMs, uniform).pValue > RULE.ksLevel ? "full" : "some";
}

interface Point extends AmplificationPoint {
  readonly stage: StageWindow;
  readonly reading: RetryReading;
}

/** Reads a sweep of one arm; null where no stage makes the dependency fail, or too little came. */
export function readErrorSweep(
  evidence: Evidence,
  arm: number,
  dependency: number,
): ErrorSweep | null {
  const attempts = attemptsOf(evidence.calls(arm, dependency));
  const probed = stagesThat(evidence, dependency, "errors");
  const usual = probed[0] === undefined ? undefined : usualStage(evidence.stages, probed[0]);
  if (usual === undefined) return null;
  const joinedBy = evidence.joinedBy(arm, dependency);
  const perRequest = (stage: StageWindow): number =>
    readRetries(attempts, [stage]).calls /
    Math.max(requestsIn(evidence.requests(arm), stage).length, 1);
  const usually = perRequest(usual);
  if (joinedBy === "rates" && usually === 0) return null;
  const pointOf = (stage: StageWindow): Point => {
    const reading = readRetries(attempts, [stage]);
    const { calls, failures, joined, logical } = reading;
    const amplification =
      joinedBy === "identity" ? joined / Math.max(logical, 1) : perRequest(stage) / usually;
    return { stage, reading, failing: calls === 0 ? 0 : failures / calls, amplification };
  };
  const points = [usual, ...probed]
    .map(pointOf)
    .filter(({ reading }) => reading.calls >= RULE.calls)
    .toSorted((a, b) => a.failing - b.failing);
  const worst = points.at(-1);
  if (worst === undefined || worst.stage === usual) return null;
  return { points: points.map(shown), joinedBy, ...policyOf(attempts, worst, joinedBy) };
}

const shown = ({ amplification, failing }: Point): AmplificationPoint => ({
  failing,
  amplification,
});

function policyOf(
  attempts: readonly Attempt[],
  { amplification, failing, reading, stage }: Point,
  joinedBy: ErrorSweep["joinedBy"],
): Omit<ErrorSweep, "points" | "joinedBy"> {
  const chain = joinedBy === "identity" ? longestChain(attempts, stage) : Math.round(amplification);
  const beyond = amplification - 1;
  const bounded = amplification < RULE.geometricRatio * geometricAmplification(failing, chain);
  const policy = beyond < RULE.noneBeyond ? "none" : bounded ? "budget" : "every";
  const firsts = attempts.filter(
    ({ call, inARow }) =>
      inARow === 2 && call.arriveNs >= stage.fromNs && call.arriveNs < stage.toNs,
  );
  const gaps = readRetries(firsts, [stage]);
  return {
    policy,
    attempts: policy === "none" ? 1 : Math.max(chain, 2),
    budgetRatio: policy === "budget" ? beyond : null,
    jitter: policy === "none" ? null : jitterOf(firsts, gaps.gapCv),
    firstGapMs: Number.isFinite(gaps.gapMs) ? gaps.gapMs : null,
    unsafeRetries: reading.unsafe,
  };
}
