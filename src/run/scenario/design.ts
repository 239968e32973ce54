import { z } from "zod";
import { durationNsField, ratioField } from "../../core/fields/index.ts";
import { primarySchema } from "../../experiment/index.ts";
import { assignment } from "./assignment.ts";
import { factorial } from "./factor.ts";

/** What is claimed: a falsifiable if-then. */
export const hypothesis = z.strictObject({
  because: z.string().optional(),
  if: z.string(),
  then: primarySchema,
  otherwise: z
    .string()
    .regex(/\S/, "what would count as failure, in words")
    .optional()
    .describe("the null in words; made of `then` unless given"),
});

/** A probability between two others. */
const chance = (above: number, below: number, example: string) =>
  z
    .number({ error: `write a chance between ${above} and ${below}, such as ${example}` })
    .refine((value) => value > above && value < below, {
      error: ({ input }) =>
        `${String(input)} is no chance between ${above} and ${below}; write ${example}`,
    });

/** How the experiment is laid out, and how sure it is to be. */
export const design = z.strictObject({
  ...assignment,
  alpha: chance(0, 0.5, "0.05").default(0.05).describe("the chance of a false alarm"),
  power: chance(0.5, 1, "0.8")
    .default(0.8)
    .describe("the chance of showing what is claimed, if it is so"),
  runs: z
    .int("how many runs: a whole number from 1 to 64")
    .min(1, "at least one run")
    .max(64, "64 runs at most")
    .default(1)
    .describe(
      "with processes of their own: two or more tell a change from the luck of one run; with " +
        "`factors` a multiple of the combinations, or 1 for each once",
    ),
  factorial: factorial
    .optional()
    .describe("which combinations of the factors' levels are run: all of them, unless given"),
  block: durationNsField()
    .optional()
    .describe("the sampling unit; chosen from the stages unless given"),
  warmUpMax: ratioField()
    .refine((share) => share < 0.5, "less than half of the stage, such as 25%")
    .default(0.25)
    .describe(
      "of a judged stage, the most that may be found to be warm-up and left out; 0 looks for none",
    ),
  betweenRunSd: ratioField()
    .refine((sd) => sd > 0, "two runs are never the same: more than 0")
    .optional()
    .describe(
      "how much two runs of the same build differ, as far as you know: widens intervals; one run ships by `calibration` alone",
    ),
  calibration: z
    .string()
    .optional()
    .describe(
      "what `shakedown calibrate` wrote, from the scenario's folder: gives betweenRunSd, and lets one run ship",
    ),
});
