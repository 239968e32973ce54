import { z } from "zod";

const count = z.number().int().min(0);

export const responseFieldSchema = z.strictObject({
  arm: z.string(),
  route: z.string(),
  field: z.string().describe("status, header <name>, body, or a JSON path ([*]: any index)"),
  pairs: count.describe("starts of the route whose answers were compared with control's"),
  differing: count.describe("of `pairs`, those in which the field differs"),
  repeats: count.describe("starts of the route that control answered twice"),
  repeatsDiffering: count,
  adjustedP: z
    .number()
    .nullable()
    .describe(
      "exact McNemar, one-sided, over all fields (Benjamini–Hochberg); null without a repeat",
    ),
  status: z
    .enum(["differs", "noise", "not-shown", "unknown"])
    .describe(
      "noise: control differs from itself in it; unknown: no request of the route was repeated",
    ),
  example: z
    .strictObject({ control: z.string(), variant: z.string() })
    .nullable()
    .describe("shortened, and without what looks like a secret or a person"),
});

/** Answers of the arms to the same requests, compared: a place to look. */
export const responsesSchema = z.strictObject({
  pairs: count,
  repeats: count,
  notCompared: z.strictObject({
    unanswered: count.optional(),
    "too-large": count.optional(),
    undecodable: count.optional(),
    "not-kept": count.optional(),
  }),
  fields: z.array(responseFieldSchema),
});

export type ResponsesRow = z.output<typeof responsesSchema>;
export type ResponseFieldRow = z.output<typeof responseFieldSchema>;
