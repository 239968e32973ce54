import type { Interval } from "./effect.ts";

/** An estimate above 0 with its interval, e.g. one arm's quantile. */
export interface Estimate extends Interval {
  readonly estimate: number;
}

/**
 * The ratio variant/control with an interval made from the two arms' own intervals (all ends above
 * 0, at one confidence) and the correlation of their estimates (0 when independent). Computed on
 * the log scale.
 * Source: Donner & Zou 2012; Newcombe 1998.
 */
export function moverRatio(input: {
  readonly control: Estimate;
  readonly variant: Estimate;
  readonly correlation: number;
}): Estimate {
  const logs = (arm: Estimate) => {
    const centre = Math.log(arm.estimate);
    return { centre, down: centre - Math.log(arm.low), up: Math.log(arm.high) - centre };
  };
  const [control, variant] = [logs(input.control), logs(input.variant)];
  const half = (a: number, b: number): number =>
    Math.sqrt(Math.max(0, a ** 2 + b ** 2 - 2 * input.correlation * a * b));
  const difference = variant.centre - control.centre;
  return {
    estimate: Math.exp(difference),
    low: Math.exp(difference - half(variant.down, control.up)),
    high: Math.exp(difference + half(variant.up, control.down)),
  };
}
