import { readFileSync } from "node:fs";
import { z } from "zod";

const sampleSchema = z.strictObject({
  atNs: z.number(),
  cpuS: z.record(z.string(), z.number().min(0)),
  last: z.literal(true).optional(),
});

/**
 * What the arms that a run started had used by a moment: `atNs` in nanoseconds since the run's start
 * (below 0 before it), `cpuS` by arm, in CPU seconds since the first sample. Never less than before.
 * `last`: it was taken when the last answer had come; a log without such a sample broke off.
 */
export type UsageSample = z.output<typeof sampleSchema>;

/** As it stands in `usage.ndjson`, with the end of its line. */
export const usageLine = (sample: UsageSample): string => `${JSON.stringify(sample)}\n`;

function sampleIn(line: string): UsageSample | null {
  try {
    return sampleSchema.parse(JSON.parse(line));
  } catch {
    return null;
  }
}

/** The samples of a usage log, in order. What stands before a line that is cut or damaged is kept. */
export function readUsage(path: string): UsageSample[] {
  const samples: UsageSample[] = [];
  for (const line of readFileSync(path, "utf8").split("\n")) {
    const sample = sampleIn(line);
    if (sample === null) break;
    samples.push(sample);
  }
  return samples;
}

/**
 * CPU seconds that an arm had used by a moment, straight between the two samples around it. After the
 * `last` sample nothing more is used. Null before the first, after the end of a log that broke off,
 * and of an arm that nobody sampled.
 */
export function cpuSecondsBy(
  samples: readonly UsageSample[],
  arm: string,
  atNs: number,
): number | null {
  const [first] = samples;
  const last = samples.at(-1);
  if (first === undefined || last === undefined || atNs < first.atNs) return null;
  if (atNs > last.atNs && last.last !== true) return null;
  if (atNs >= last.atNs) return last.cpuS[arm] ?? null;
  let [low, high] = [0, samples.length - 1];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (samples[middle]!.atNs <= atNs) low = middle;
    else high = middle;
  }
  const [before, after] = [samples[low]!, samples[high]!];
  const [from, to] = [before.cpuS[arm], after.cpuS[arm]];
  if (from === undefined || to === undefined) return null;
  return from + ((to - from) * (atNs - before.atNs)) / (after.atNs - before.atNs);
}
