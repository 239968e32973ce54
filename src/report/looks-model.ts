import { z } from "zod";

const count = z.number().int().min(0);

/** What a result says of the looks and gates of a run; of several, of the one that ended the experiment. */
export const looksFields = {
  looks: z
    .array(
      z.strictObject({
        arm: z.string().default("variant"),
        stage: z.string(),
        metric: z.string(),
        blocks: count.describe("blocks looked at, one look each"),
        harm: z.number().nullable().describe("at the last look, above 0 for worse"),
        margin: z.number(),
        lnE: z.number().describe("ln of the most that the e-process against no harm reached"),
        lnBoundary: z.number().describe("what it had to reach"),
        reached: z.boolean().describe("with harm of at least the margin"),
      }),
    )
    .optional()
    .describe("what was seen of harm while the run went on; the audit trail has every look"),
  gates: z
    .array(
      z.strictObject({
        arm: z.string().default("variant"),
        stage: z.string(),
        decision: z.enum(["go-on", "hold", "roll-back"]),
        alpha: z.number().describe("what its harm tests together may spend"),
        metrics: z.array(z.record(z.string(), z.union([z.string(), z.number(), z.null()]))),
      }),
    )
    .optional(),
  cuts: z
    .array(
      z.strictObject({
        arm: z.string(),
        rule: z
          .enum(["harm", "gate", "futility", "gone", "person", "throttle", "sample-ratio"])
          .describe("gone: its process ended, or it took no connections any more"),
        decision: z.enum(["roll-back", "hold"]),
        because: z.string(),
        evidenceUntilS: z.number().describe("the end of the block that showed it"),
        breachToCutMs: z.number().describe("from there to its last start"),
      }),
    )
    .optional()
    .describe("of several variants, those whose load was cut while others went on"),
  throttlings: z
    .array(
      z.strictObject({
        stage: z.string(),
        share: z.number().describe("of the planned load, in all arms"),
        because: z.string(),
        evidenceUntilS: z.number().describe("the end of the block that showed it"),
        fromS: z.number().describe("from when on fewer were sent, to the end of the run"),
      }),
    )
    .optional()
    .describe("when the load was halved, since a stage said `onBreach`"),
  heldRamps: z
    .array(
      z.strictObject({
        stage: z.string().describe("in which it was held"),
        ratePerSec: z.number().describe("the most that was sent to each arm"),
        because: z.string(),
        fromS: z.number(),
        untilS: z.number().nullable().describe("null: to the end of the run"),
      }),
    )
    .optional()
    .describe("when somebody held the ramp by hand"),
  stoppedEarly: z
    .strictObject({
      rule: z
        .enum(["harm", "gate", "futility", "gone", "person", "throttle", "sample-ratio"])
        .describe("person: no rule, but somebody who watched it and rolled it back"),
      because: z.string(),
      evidenceUntilS: z.number().describe("the end of the block that showed it"),
      breachToCutMs: z.number().describe("from there to the last start of the variant"),
    })
    .optional()
    .describe("by a rule of the plan: the run is whole as far as its verdict goes"),
};
