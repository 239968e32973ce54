import { z } from "zod";

const effectFields = {
  kind: z.enum(["relative", "difference"]).describe("variant/control − 1, or variant − control"),
  estimate: z.number(),
  low: z.number(),
  high: z.number(),
  confidence: z.number(),
};
/** An effect with its interval. */
export const effectSchema = z.strictObject(effectFields);

/** One judgement of a detector, with its evidence. */
export const findingSchema = z.strictObject({
  detector: z.string().describe("which judge: pool-exhaustion, cache-thrash, retry-storm, …"),
  subject: z.string().describe("what was judged: `variant payments`, `variant`"),
  status: z
    .enum(["pass", "inconclusive", "fail", "shared"])
    .describe("shared: a sickness that control has as much of, which condemns nobody"),
  arm: z.string().optional().describe("the arm that was judged"),
  dependency: z.string().nullable().optional().describe("null where it is not about one"),
  joinedBy: z
    .enum(["identity", "rates"])
    .optional()
    .describe("identity: the target passed on which request a call is of; rates: it did not"),
  comparison: z
    .enum(["new", "worse", "shared", "absent-in-control"])
    .optional()
    .describe("of a sickness: beside control, which may do no such work at all"),
  began: z
    .strictObject({ stage: z.string(), atS: z.number(), ratePerSec: z.number() })
    .nullable()
    .optional()
    .describe("the first stage that shows it"),
  size: z
    .strictObject({ what: z.string(), value: z.number(), unit: z.string() })
    .nullable()
    .optional()
    .describe("how large the sick thing is: a pool of 4 connections"),
  effect: z
    .strictObject({ what: z.string(), ...effectFields })
    .nullable()
    .optional(),
  pValue: z
    .number()
    .optional()
    .describe("for no more of it than control has; adjusted over all findings (Holm)"),
  cause: z.string().optional().describe("the named cause, when there is one: `pool exhaustion`"),
  summary: z.string().describe("one sentence for people, with the numbers in it"),
  cure: z.string().optional().describe("what would cure it, one sentence, where the judge knows"),
  needs: z
    .strictObject({ what: z.string(), have: z.number(), need: z.number() })
    .optional()
    .describe("of one that has too little to judge by: what there is, and what it takes"),
  confirmation: z
    .enum(["inside", "outside-only", "contradicted"])
    .optional()
    .describe("whether what the target tells of itself agrees; left out where nobody asked it"),
  evidence: z.record(z.string(), z.union([z.number(), z.string(), z.boolean(), z.null()])),
  warnings: z.array(z.string()).optional(),
});
