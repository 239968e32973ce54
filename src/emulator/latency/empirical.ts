import { z } from "zod";
import { durationUsField, ratioField } from "../../core/fields/index.ts";
import type { LatencyModel } from "../model.ts";

/**
 * `{ kind: empirical, quantiles: [[0, 40ms], [0.5, 80ms], [99%, 250ms], [1, 400ms]] }`: the
 * inverse of a measured distribution function, linear between the quantiles that are given.
 * They rise strictly from 0 to 1; the latencies never fall.
 */
export const empiricalSchema = z
  .strictObject({
    kind: z.literal("empirical"),
    quantiles: z.array(z.tuple([ratioField(), durationUsField()])).min(2),
  })
  .superRefine(({ quantiles }, context) => {
    const issue = (index: number, message: string): void =>
      context.addIssue({ code: "custom", path: ["quantiles", index], message });
    if (quantiles[0]![0] !== 0) issue(0, "the first quantile is 0");
    if (quantiles.at(-1)![0] !== 1) issue(quantiles.length - 1, "the last quantile is 1");
    for (let i = 1; i < quantiles.length; i++) {
      const [[p, valueUs], [nextP, nextUs]] = [quantiles[i - 1]!, quantiles[i]!];
      if (nextP <= p) issue(i, "quantiles rise strictly");
      if (nextUs < valueUs) issue(i, "a higher quantile has no lower latency");
    }
  })
  .transform(({ kind, quantiles }) => ({
    kind,
    quantiles: quantiles.map(([p, valueUs]) => ({ p, valueUs })),
  }));

export function empiricalLatency(spec: z.output<typeof empiricalSchema>): LatencyModel {
  const { quantiles } = spec;
  return {
    sampleUs(_call, draw) {
      const u = draw.uniform("latency");
      let [low, high] = [0, quantiles.length - 1];
      while (high - low > 1) {
        const middle = (low + high) >> 1;
        if (quantiles[middle]!.p <= u) low = middle;
        else high = middle;
      }
      const [from, to] = [quantiles[low]!, quantiles[high]!];
      return from.valueUs + ((u - from.p) / (to.p - from.p)) * (to.valueUs - from.valueUs);
    },
  };
}
