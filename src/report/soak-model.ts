import { z } from "zod";

const estimated = z
  .strictObject({ estimate: z.number(), low: z.number(), high: z.number() })
  .describe("with its interval, right where slices of time resemble their neighbours");

const held = z
  .strictObject({
    level: z.number().describe("the mean over the soak of the least in each slice of it"),
    perHour: estimated,
  })
  .nullable();

/** What a soak showed of one variant; its guardrails stand among the comparisons, too. */
export const soakSchema = z.strictObject({
  arm: z.string(),
  stage: z.string(),
  metric: z.string().describe("the primary metric, whose effect it is"),
  kind: z.enum(["relative", "difference"]).describe("of the effect"),
  judgedS: z.number(),
  horizonS: z.number().describe("the time that drift and growth are meant over"),
  effect: z.strictObject({
    course: z
      .enum(["steady", "novelty", "delayed", "moving", "unknown"])
      .describe("novelty: larger at first; delayed: smaller at first; moving: a trend is shown"),
    settled: z
      .strictObject({
        atS: z.number().describe("seconds into the run: the verdict rests on what came after"),
        early: z.number(),
        late: z.number(),
      })
      .nullable(),
    change: estimated
      .nullable()
      .describe("over the soak, once it had settled; null where it is too short to tell"),
  }),
  resources: z.array(
    z.strictObject({
      resource: z.string().describe("memory, heap, open_files, sockets"),
      unit: z.enum(["MB", "count"]),
      course: z
        .enum(["steady", "leak", "shared", "unknown"])
        .describe("leak: more than control, by the margin; shared: control leaks alike"),
      control: held,
      variant: held,
    }),
  ),
});
export type SoakRow = z.output<typeof soakSchema>;
