import { z } from "zod";
import { formatDurationNs, NS_PER_MS, NS_PER_S } from "../../core/index.ts";
import { durationNsField, ratioField } from "../../core/fields/index.ts";
import type { SplitBy } from "../../replay/index.ts";
import { name } from "./name.ts";

/** What each start is assigned by: `session`, `request`, or `header:<name>`. */
const by = z
  .string()
  .regex(
    /^(?:session|request|header:[!#$%&'*+.^_`|~0-9A-Za-z-]+)$/,
    "session, request, or a header by its name, such as header:x-user-id",
  )
  .transform((text): SplitBy =>
    text.startsWith("header:")
      ? { kind: "header", header: text.slice("header:".length).toLowerCase() }
      : { kind: text as "session" | "request" },
  );

const PERIOD_MIN_NS = 100 * NS_PER_MS;
const PERIOD_MAX_NS = 60 * NS_PER_S;

/** Which arms get a start, as part of a scenario's design. What belongs together is checked later. */
export const assignment = {
  kind: z
    .enum(["duet", "split", "crossover"])
    .default("duet")
    .describe(
      "duet: every start to every arm at once; split: each to one arm, by whose it is; " +
        "crossover: to one arm after the other",
    ),
  by: by
    .optional()
    .describe("split: what stays with its arm: session (unless given), request, header:<name>"),
  weights: z
    .record(name, ratioField())
    .optional()
    .describe("split: the share of each arm, together 100%; all the same unless given"),
  holdout: ratioField()
    .optional()
    .describe("split: the share that stays with control to the end, told apart"),
  reserved: z
    .array(z.string().min(1).max(1_000))
    .max(1_000)
    .optional()
    .describe("split: keys, * for anything, that never get a variant and are not compared"),
  period: durationNsField()
    .refine(
      (ns) => ns >= PERIOD_MIN_NS && ns <= PERIOD_MAX_NS,
      `from ${formatDurationNs(PERIOD_MIN_NS)} to ${formatDurationNs(PERIOD_MAX_NS)}`,
    )
    .optional()
    .describe("crossover: for how long one arm alone is loaded"),
  washout: durationNsField()
    .optional()
    .describe("crossover: the beginning of each period, not judged; a fifth of it unless given"),
};
