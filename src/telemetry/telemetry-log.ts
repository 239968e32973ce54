import { readFileSync } from "node:fs";
import { z } from "zod";

/** Beside the observations, in a run directory: what the arms told of themselves. */
export const TELEMETRY_FILE = "telemetry.ndjson";

const count = z.number().min(0);
const port = z.int().min(1).max(65_535);
const attributes = z.record(z.string(), z.string());

const begin = z.strictObject({
  kind: z.literal("begin"),
  runId: z.string(),
  arms: z.array(z.string()),
  /** Where each arm finds its dependencies: what a target tells of an address is told apart by it. */
  dependencies: z.array(z.strictObject({ arm: count, name: z.string(), port })),
});

const series = z.strictObject({
  kind: z.literal("series"),
  id: count,
  arm: count,
  name: z.string(),
  unit: z.string(),
  type: z.enum(["gauge", "sum", "histogram"]),
  /** Of a sum: it never falls. */
  monotonic: z.boolean(),
  /** Of a sum or histogram: since the point before, and not since the beginning. */
  delta: z.boolean(),
  attributes,
  /** Which process told it. */
  sender: z.string(),
});

const histogram = z.strictObject({
  count,
  sum: z.number().nullable(),
  max: z.number().nullable(),
  bounds: z.array(z.number()),
  counts: z.array(count),
});

const point = z.strictObject({
  kind: z.literal("point"),
  id: count,
  atNs: z.number(),
  /** Since when a sum or histogram counts, where it says. */
  fromNs: z.number().optional(),
  value: z.union([z.number(), histogram]),
});

const span = z.strictObject({
  kind: z.literal("span"),
  arm: count,
  side: z.enum(["SERVER", "CLIENT"]),
  /** Of the request that its trace belongs to; −1: of none of this run. */
  seq: z.number(),
  startNs: z.number(),
  durationNs: count,
  /** Whom a CLIENT span calls. */
  port: port.optional(),
  peer: z.string().optional(),
  status: z.int().optional(),
  failed: z.boolean(),
  resends: count,
});

const account = z.strictObject({
  requests: count,
  points: count,
  spans: count,
  /** By reason, how many requests were turned away, and how many points or spans were left out. */
  refused: z.record(z.string(), count),
});

const end = z.strictObject({ kind: z.literal("end"), arms: z.array(account) });

const lineSchema = z.discriminatedUnion("kind", [begin, series, point, span, end]);

/** One line of the log. Times in nanoseconds on the receiver's clock. */
export type TelemetryLine = z.output<typeof lineSchema>;
export type TelemetryBegin = z.output<typeof begin>;
export type SeriesLine = z.output<typeof series>;
export type PointLine = z.output<typeof point>;
export type PointHistogram = z.output<typeof histogram>;
export type InsideSpan = z.output<typeof span>;
export type IntakeAccount = z.output<typeof account>;

export const telemetryLine = (line: TelemetryLine): string => `${JSON.stringify(line)}\n`;

/** What stands in a log, in order; what follows a line that is cut or damaged is left. */
export function readTelemetry(path: string): TelemetryLine[] {
  const lines: TelemetryLine[] = [];
  for (const text of readFileSync(path, "utf8").split("\n")) {
    const line = lineIn(text);
    if (line === null) break;
    lines.push(line);
  }
  return lines;
}

function lineIn(text: string): TelemetryLine | null {
  try {
    return lineSchema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}
