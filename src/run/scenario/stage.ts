import { z } from "zod";
import { durationNsField, percentField, ratioField } from "../../core/fields/index.ts";
import { probeSchema } from "../../emulator/index.ts";
import { name } from "./name.ts";
import { stageRate } from "./rate.ts";

/** What a stage asks of effects that come late. */
const soak = z.strictObject({
  drift: percentField()
    .optional()
    .describe(
      "how much worse the primary metric's effect may get over the soak; its margin unless given",
    ),
  leak: z
    .union([z.literal(false), percentField()])
    .default(0.1)
    .describe(
      "how much more than control the variant may grow in memory, open files and sockets over the " +
        "soak, of what control has; false: nobody asks",
    ),
  over: durationNsField()
    .optional()
    .describe(
      "the time that both are meant over, such as between two deployments; the soak's own unless given",
    ),
});

/** The chance of halving the load of an arm that is no worse, and the least share that is left. */
const HALVE = { chance: 0.1, floor: 0.125 };

/** What a stage does when harm is suspected. */
const onBreach = z
  .union([
    z.literal("halve"),
    z.strictObject({
      action: z.literal("halve"),
      chance: ratioField()
        .refine((chance) => chance > 0 && chance <= 0.5, "more than 0, and 50% at most")
        .default(HALVE.chance)
        .describe("that the load of an arm that is no worse is halved, each time"),
      floor: ratioField()
        .refine((floor) => floor > 0 && floor <= 0.5, "more than 0, and 50% at most")
        .default(HALVE.floor)
        .describe(
          "the share of the load that is not halved any more: the next breach ends the run",
        ),
    }),
  ])
  .transform((given) => (given === "halve" ? HALVE : { chance: given.chance, floor: given.floor }));

/** One step of exposure. */
export const stage = z.strictObject({
  name: name.optional(),
  rate: stageRate.refine(
    (given) => ("shareOfRate" in given ? given.shareOfRate : given.ratePerSec) > 0,
    "more than 0",
  ),
  from: stageRate.optional().describe("a ramp: the rate rises or falls from this to `rate`"),
  for: durationNsField(),
  share: ratioField()
    .optional()
    .describe("of a split: what the variants have together; their weights unless given"),
  judge: z.boolean().default(true).describe("false for a warm-up: recorded, never judged"),
  settle: durationNsField()
    .default(0)
    .describe("the stage's beginning that is left out of the judgement"),
  probe: probeSchema
    .optional()
    .describe(
      "what is done to a dependency while the stage lasts, or to caches as it begins, to every arm alike",
    ),
  soak: soak.optional().describe("effects that come late: a drift, a leak, a gain that wears off"),
  onBreach: onBreach
    .optional()
    .describe("what is done when harm is suspected, short of what rolls back: the load is halved"),
  onHold: z
    .enum(["continue", "stop"])
    .default("continue")
    .describe("what happens when the gate after the stage neither goes on nor rolls back"),
});
export type ScenarioStage = z.output<typeof stage>;
