import { z } from "zod";
import { durationNsField, NS_PER_S } from "../core/index.ts";

const timeout = durationNsField().default(5 * NS_PER_S);

/** What is done, once, when a run decides to roll back. */
export const onRollBackSchema = z.union([
  z.strictObject({
    webhook: z
      .url({
        protocol: /^https?$/,
        error: "an http(s) address, such as https://flags.internal/off",
      })
      .describe("gets a POST with the reason as JSON"),
    secretEnv: z
      .string()
      .regex(/^[A-Z_][A-Z0-9_]*$/, "the name of an environment variable, such as HOOK_SECRET")
      .optional()
      .describe("names the variable with the secret that signs x-shakedown-signature"),
    retries: z.int().min(0).max(10).default(3),
    timeout: timeout.describe("of each try"),
  }),
  z.strictObject({
    command: z
      .array(z.string().min(1))
      .min(1)
      .describe(
        "program and arguments; SHAKEDOWN_REASON, _RUN and _SCENARIO are in its environment",
      ),
    timeout,
  }),
]);
export type OnRollBack = z.output<typeof onRollBackSchema>;
