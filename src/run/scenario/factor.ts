import { z } from "zod";
import { ratioField } from "../../core/fields/index.ts";
import { headerFault } from "./arm.ts";
import { name } from "./name.ts";

/** As many as 64 runs tell apart in a fraction. */
const FACTORS_MAX = 7;

const two = <Level>(level: z.ZodType<Level>, example: string) =>
  z
    .tuple([level, level], { error: `two levels, the low one first: ${example}` })
    .refine(([low, high]) => low !== high, "the two levels are the same");
const texts = (example: string) => two(z.coerce.string<string | number | boolean>(), example);
const arms = z
  .array(name)
  .min(1, "one arm at least; every one unless given")
  .optional()
  .describe("whose; every arm's unless given");

const byEnv = z.strictObject({
  env: z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "the name of an environment variable, such as POOL_SIZE")
    .refine((variable) => variable !== "PORT", "PORT is set by the run"),
  levels: texts('levels: ["4", "64"]'),
  arms,
});

const byHeader = z
  .strictObject({ header: z.string(), levels: texts('levels: ["off", "on"]'), arms })
  .superRefine(({ header, levels }, context) => {
    const fault = levels.map((level) => headerFault(header, level)).find(Boolean);
    if (fault !== undefined) context.addIssue({ code: "custom", path: ["header"], message: fault });
  });

const latencyFactor = z
  .number("a multiple of its latency, such as 4")
  .gt(0, "more than 0")
  .max(1_000, "1000 at most");

const bySlowness = z.strictObject({
  dependency: name,
  latencyFactor: two(latencyFactor, "latencyFactor: [1, 4]"),
});

const byErrors = z.strictObject({
  dependency: name,
  errorRatio: two(ratioField(), "errorRatio: [0, 2%]"),
});

/** What differs between runs, at two levels: of each arm's, or of what a dependency does to all. */
export const factor = z.union([byEnv, byHeader, bySlowness, byErrors]);
export type ScenarioFactor = z.output<typeof factor>;

export const factors = z
  .record(name, factor)
  .refine((given) => Object.keys(given).length <= FACTORS_MAX, {
    error: `${FACTORS_MAX} factors at most`,
  })
  .refine((given) => Object.keys(given).length > 0, {
    error: "name a factor, or leave `factors` out",
  });

/** `flag = slowness * pool`, or `flag = -slowness * pool`. */
const GENERATOR =
  /^\s*[a-z][a-z0-9_-]*\s*=\s*-?\s*[a-z][a-z0-9_-]*(?:\s*\*\s*[a-z][a-z0-9_-]*)+\s*$/;

/** Which combinations of the factors' levels are run. */
export const factorial = z.union([
  z.literal("full"),
  z.strictObject({
    resolution: z
      .int("3, 4 or 5")
      .min(3, "3 at least: main effects are told from each other")
      .max(5, "5 at most: beyond it, run the full design")
      .describe(
        "the smallest fraction of it: 3, 4 (main effects are free of pairs), 5 (pairs, too)",
      ),
  }),
  z.strictObject({
    generators: z
      .array(z.string().regex(GENERATOR, "such as flag = slowness * pool"))
      .min(1)
      .max(FACTORS_MAX)
      .describe("each sets a factor by the product of others: flag = slowness * pool"),
  }),
]);
export type ScenarioFactorial = z.output<typeof factorial>;
