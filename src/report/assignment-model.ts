import { z } from "zod";

const count = z.number().int().min(0);
const byArm = z.record(z.string(), z.number());

/** Who got which start, where not every arm got each at once; of several runs, all judged together. */
export const assignmentSchema = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("split"),
    by: z.string().describe("session, request, or `header <name>`"),
    stages: z.array(
      z.strictObject({
        stage: z.string(),
        planned: byArm.describe("the share of keys that each arm was to have"),
        keys: z.record(z.string(), count).describe("of those compared, each once"),
        starts: z.record(z.string(), count).describe("of all keys, reserved ones too"),
        holdout: count.describe("starts of keys that stay with control to the end"),
        reserved: count.describe("starts that are compared with nothing"),
        pValue: z.number().describe("sample ratio of the keys against what was planned (χ²)"),
      }),
    ),
  }),
  z.strictObject({
    kind: z.literal("crossover"),
    periodS: z.number(),
    washoutS: z.number().describe("of each period, the beginning that is not judged"),
    stages: z.array(z.strictObject({ stage: z.string(), periods: count.describe("of each arm") })),
  }),
]);
