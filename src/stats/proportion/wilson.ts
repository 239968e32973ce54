import { normalQuantile } from "../distributions.ts";
import type { Interval } from "../effect.ts";

/** Events among trials, both counts. */
export interface Proportion {
  readonly events: number;
  readonly trials: number;
}

/**
 * Wilson's score interval of a proportion, two-sided; [0, 1] when there was no trial. Sound at 0
 * and at all events, where the plain interval has no width.
 * Source: Wilson 1927; Newcombe 1998, Stat Med 17:857.
 */
export function wilson(proportion: Proportion, confidence: number): Interval {
  const { events, trials } = proportion;
  if (trials === 0) return { low: 0, high: 1 };
  const z2 = normalQuantile((1 + confidence) / 2) ** 2;
  const centre = (events + z2 / 2) / (trials + z2);
  const missed = trials - events;
  const half = Math.sqrt(z2 * ((events * missed) / trials + z2 / 4)) / (trials + z2);
  return {
    low: events === 0 ? 0 : centre - half,
    high: missed === 0 ? 1 : centre + half,
  };
}

/**
 * Newcombe's hybrid score interval of the difference of two independent proportions, first minus
 * second, two-sided.
 * Source: Newcombe 1998, Stat Med 17:873, method 10.
 */
export function newcombe(first: Proportion, second: Proportion, confidence: number): Interval {
  const [p1, p2] = [first.events / first.trials, second.events / second.trials];
  const [w1, w2] = [wilson(first, confidence), wilson(second, confidence)];
  const difference = p1 - p2;
  return {
    low: difference - Math.hypot(p1 - w1.low, w2.high - p2),
    high: difference + Math.hypot(w1.high - p1, p2 - w2.low),
  };
}
