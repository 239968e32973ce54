import { binomialPmf } from "../binomial.ts";
import { betaQuantile } from "../distributions.ts";
import type { Interval } from "../effect.ts";

/** Events of a Poisson process, and how long (or over how much) they were counted, above 0. */
export interface Rate {
  readonly events: number;
  readonly exposure: number;
}

export interface RateRatio extends Interval {
  /** The first rate over the second; NaN where neither had an event. */
  readonly ratio: number;
  /** Two-sided, exact, of the rates being equal. */
  readonly pValue: number;
}

/** Values whose probabilities differ by less than this, relatively, are as likely as each other. */
const AS_LIKELY = 1 + 1e-7;

/** Clopper and Pearson's exact interval of a share, two-sided; [0, 1] without a trial. */
export function clopperPearson(events: number, trials: number, confidence: number): Interval {
  const tail = (1 - confidence) / 2;
  return {
    low: events === 0 ? 0 : betaQuantile(tail, events, trials - events + 1),
    high: events === trials ? 1 : betaQuantile(1 - tail, events + 1, trials - events),
  };
}

/** Two-sided exact binomial p-value: of all counts that are no more likely than the one seen. */
export function binomialTest(events: number, trials: number, p: number): number {
  const masses = binomialPmf(trials, p);
  const most = masses[events]! * AS_LIKELY;
  return Math.min(
    1,
    masses.reduce((sum, mass) => (mass <= most ? sum + mass : sum), 0),
  );
}

/**
 * The ratio of two Poisson rates, exactly, given how many events there were in all: as R's
 * `poisson.test`. An end is ∞ where the second had no event. Takes time in proportion to the events.
 * Source: Przyborowski & Wilenski 1940; Clopper & Pearson 1934.
 */
export function rateRatio(first: Rate, second: Rate, confidence: number): RateRatio {
  const trials = first.events + second.events;
  const share = first.exposure / (first.exposure + second.exposure);
  const { high, low } = clopperPearson(first.events, trials, confidence);
  const odds = (p: number): number => ((p / (1 - p)) * second.exposure) / first.exposure;
  return {
    ratio: first.events / first.exposure / (second.events / second.exposure),
    low: odds(low),
    high: odds(high),
    pValue: binomialTest(first.events, trials, share),
  };
}
