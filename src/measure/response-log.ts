import { readFileSync } from "node:fs";
import { z } from "zod";

/** Why two answers could not be compared as a whole. */
export const NOT_COMPARED = ["unanswered", "too-large", "undecodable", "not-kept"] as const;
export type NotCompared = (typeof NOT_COMPARED)[number];

const pairSchema = z.strictObject({
  /** Index of the arm that is compared with control; 0 is control's answer to the same again. */
  arm: z.int().min(0),
  /** The start's number; the repeat that is compared with it has the next one. */
  seq: z.int().min(0),
  atNs: z.number(),
  /** Index into the run's routes. */
  route: z.int().min(0),
  skipped: z.enum(NOT_COMPARED).optional(),
  /** What differs: `status`, `header etag`, `$.price`, `body`. Each once; none: they are equal. */
  fields: z.array(z.string()),
  /** Field, control's value, the other's: as they may be shown. Of the first few of each field. */
  examples: z.array(z.tuple([z.string(), z.string(), z.string()])).optional(),
});

/** Two answers to the same request, compared: `atNs` is the intended start, since the run's start. */
export type ResponsePair = z.output<typeof pairSchema>;

/** As it stands in a log of compared responses, with the end of its line. */
export const responseLine = (pair: ResponsePair): string => `${JSON.stringify(pair)}\n`;

const END = { end: true };
/** The last line of a log that is whole. */
export const RESPONSES_END = `${JSON.stringify(END)}\n`;

/** The pairs of one worker's log, and whether it has its last line and nothing damaged before it. */
export interface ResponseLog {
  readonly pairs: readonly ResponsePair[];
  readonly whole: boolean;
}

function pairIn(line: string): ResponsePair | null {
  try {
    return pairSchema.parse(JSON.parse(line));
  } catch {
    return null;
  }
}

/** What stands before a line that is cut or damaged is kept. */
export function readResponses(path: string): ResponseLog {
  const pairs: ResponsePair[] = [];
  const lines = readFileSync(path, "utf8").split("\n");
  for (const [index, line] of lines.entries()) {
    if (line === RESPONSES_END.trimEnd()) {
      return { pairs, whole: lines.slice(index + 1).every((rest) => rest === "") };
    }
    const pair = pairIn(line);
    if (pair === null) break;
    pairs.push(pair);
  }
  return { pairs, whole: false };
}
