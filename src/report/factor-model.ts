import { z } from "zod";
import { METRIC_UNITS } from "../experiment/index.ts";

const atLevelSchema = z.strictObject({
  level: z.string(),
  value: z.number(),
  low: z.number(),
  high: z.number(),
});

/** What a factor, or two together, do to a metric: told, never a reason for a verdict. */
export const factorSchema = z.strictObject({
  of: z
    .enum(["variant", "control"])
    .describe("variant: to the variant's effect (arm × factor); control: to control's own level"),
  arm: z.string().describe("the variant"),
  metric: z.string(),
  unit: z.enum(METRIC_UNITS),
  stage: z.string(),
  factors: z.array(z.string()).describe("one, or two that interact"),
  aliases: z.array(z.string()).describe("what these runs cannot tell from it"),
  kind: z.enum(["relative", "difference"]).describe("high/low − 1, or high − low"),
  estimate: z.number(),
  low: z.number(),
  high: z.number(),
  confidence: z.number(),
  adjustedP: z.number().describe("two-sided, for no effect, over all of the same `of` (Holm)"),
  shown: z.boolean().describe("adjustedP ≤ alpha"),
  levels: z
    .array(atLevelSchema)
    .describe("of one factor: the variant's effect, or control's level, at its low and high level"),
  errorFrom: z
    .enum(["replicates", "variances", "lenth"])
    .describe("where the standard error is from: repeated runs, or the other effects (Lenth)"),
});
export type FactorRow = z.output<typeof factorSchema>;
