import { z } from "zod";
import { Histogram } from "../../measure/index.ts";
import type { LatencyModel } from "../model.ts";

/**
 * `{ kind: histogram, histogram: HISTFAAA… }`: an HdrHistogram of microseconds (V2, compressed,
 * base64), values spread evenly within its buckets; kept to 3 digits and one hour.
 */
export const histogramSchema = z
  .strictObject({ kind: z.literal("histogram"), histogram: z.string().max(1_000_000) })
  .transform(({ kind, histogram }, context) => {
    try {
      const buckets = Histogram.decode(histogram).buckets();
      if (buckets.length > 0) return { kind, buckets };
    } catch {
      // Said below: a text that is none and one that holds nothing need the same from the writer.
    }
    const message = "this is no HdrHistogram that holds values; give its V2 compressed base64 form";
    context.addIssue({ code: "custom", path: ["histogram"], message });
    return z.NEVER;
  });

/** Three digits: up to 2048 µs a bucket is 1 µs wide, then twice as wide for each doubling. */
const widthUs = (highestUs: number): number =>
  2 ** Math.max(0, Math.floor(Math.log2(highestUs)) - 10);

export function histogramLatency({ buckets }: z.output<typeof histogramSchema>): LatencyModel {
  const upTo: number[] = [];
  let total = 0;
  for (const { count } of buckets) upTo.push((total += count));
  return {
    sampleUs(_call, draw) {
      const rank = draw.uniform("latency") * total;
      let [low, high] = [0, buckets.length - 1];
      while (low < high) {
        const middle = (low + high) >> 1;
        if (upTo[middle]! <= rank) low = middle + 1;
        else high = middle;
      }
      const { count, valueUs } = buckets[low]!;
      // A value was rounded to whole microseconds: a bucket's reach ends half of one beyond.
      const left = (upTo[low]! - rank) / count;
      return Math.max(0, valueUs + 0.5 - left * widthUs(valueUs));
    },
  };
}
