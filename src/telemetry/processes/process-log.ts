import { readFileSync } from "node:fs";
import { z } from "zod";
import type { TimeWindow } from "../inside-series.ts";

const count = z.number().min(0);
const sockets = z.strictObject({ established: count, timeWait: count, other: count });

const armSample = z.strictObject({
  /** Since the first sample. */
  cpuS: count,
  rssBytes: count,
  /** The most since the sample before; not in files of before. */
  peakBytes: count.optional(),
  processes: count,
  threads: count,
  openFiles: count.nullable(),
  openFilesMax: count.nullable(),
  coresMax: count.nullable(),
  /** Since its control group began. */
  throttledS: count.nullable(),
  /** Connections to each dependency. */
  sockets: z.record(z.string(), sockets),
});

const sampleSchema = z.strictObject({ atNs: z.number(), arms: z.record(z.string(), armSample) });

/** What each arm had used by a moment: `atNs` in nanoseconds since the run's start. */
export type ProcessSample = z.output<typeof sampleSchema>;
export type ArmProcesses = z.output<typeof armSample>;

function sampleIn(line: string): ProcessSample | null {
  try {
    return sampleSchema.parse(JSON.parse(line));
  } catch {
    return null;
  }
}

/** The samples of a log, in order; what follows a line that is cut or damaged is left. */
export function readProcesses(path: string): ProcessSample[] {
  const samples: ProcessSample[] = [];
  for (const line of readFileSync(path, "utf8").split("\n")) {
    const sample = sampleIn(line);
    if (sample === null) break;
    samples.push(sample);
  }
  return samples;
}

/** What an arm's processes used over some time. */
export interface ProcessUse {
  readonly samples: number;
  /** Cores' worth of CPU time: the mean, and the most between two samples. */
  readonly coresMean: number;
  readonly coresMost: number;
  /** Cores' worth that its control group allows; null: as much as there is. */
  readonly coresMax: number | null;
  /** Share of the time that its control group held it back; null where nobody tells. */
  readonly throttledRatio: number | null;
  readonly rssBytesMax: number;
  readonly threadsMax: number;
  readonly processesMax: number;
  readonly openFilesMost: number | null;
  /** How many it may have open. */
  readonly openFilesMax: number | null;
  /** The most connections to each dependency at any one time; they are counted every tenth sample. */
  readonly sockets: Readonly<
    Record<string, { readonly established: number; readonly timeWait: number }>
  >;
}

const most = (values: readonly (number | null)[]): number | null => {
  const told = values.filter((value) => value !== null);
  return told.length === 0 ? null : Math.max(...told);
};

/** What an arm used between the first and the last sample of some time; null with fewer than two. */
export function processUse(
  samples: readonly ProcessSample[],
  arm: string,
  { fromNs, toNs }: TimeWindow,
): ProcessUse | null {
  const rows = samples.flatMap(({ arms, atNs }) => {
    const own = atNs >= fromNs && atNs < toNs ? arms[arm] : undefined;
    return own === undefined ? [] : [{ atS: atNs / 1e9, ...own }];
  });
  const [first, last] = [rows[0], rows.at(-1)];
  if (first === undefined || last === undefined || last.atS <= first.atS) return null;
  const steps = rows.slice(1).map((row, index) => {
    const before = rows[index]!;
    return (row.cpuS - before.cpuS) / (row.atS - before.atS);
  });
  const held =
    first.throttledS === null || last.throttledS === null
      ? null
      : last.throttledS - first.throttledS;
  const dependencies = new Set(rows.flatMap((row) => Object.keys(row.sockets)));
  const socketsOf = (name: string) => ({
    established: Math.max(...rows.map((row) => row.sockets[name]?.established ?? 0)),
    timeWait: Math.max(...rows.map((row) => row.sockets[name]?.timeWait ?? 0)),
  });
  return {
    samples: rows.length,
    coresMean: (last.cpuS - first.cpuS) / (last.atS - first.atS),
    coresMost: Math.max(...steps),
    coresMax: last.coresMax,
    throttledRatio: held === null ? null : held / (last.atS - first.atS),
    rssBytesMax: Math.max(...rows.map((row) => row.rssBytes)),
    threadsMax: Math.max(...rows.map((row) => row.threads)),
    processesMax: Math.max(...rows.map((row) => row.processes)),
    openFilesMost: most(rows.map((row) => row.openFiles)),
    openFilesMax: last.openFilesMax,
    sockets: Object.fromEntries([...dependencies].map((name) => [name, socketsOf(name)])),
  };
}
