import { z } from "zod";
import { NS_PER_MS, NS_PER_S } from "../../core/index.ts";
import { durationNsField } from "../../core/fields/index.ts";

const TIMEOUT_MAX_NS = 600 * NS_PER_S;

/** How long something that is done outside may take. */
export const actionTimeout = durationNsField()
  .refine((ns) => ns >= NS_PER_MS && ns <= TIMEOUT_MAX_NS, "from 1ms to 10m")
  .default(5 * NS_PER_S);

function holdsNoPassword(url: string): boolean {
  const { password, username } = new URL(url);
  return password === "" && username === "";
}

const webhookSchema = z.strictObject({
  webhook: z
    .url({
      protocol: /^https?$/,
      error: "an http(s) address, such as https://flags.internal/off",
      abort: true,
    })
    .refine(holdsNoPassword, "a user or password does not belong here: sign with `secretEnv`")
    .describe("gets a POST with the reason as JSON"),
  secretEnv: z
    .string()
    .regex(/^[A-Z_][A-Z0-9_]*$/, "the name of an environment variable, such as HOOK_SECRET")
    .optional()
    .describe("names the variable with the secret that signs x-shakedown-signature"),
  retries: z.int().min(0).max(10).default(3),
  timeout: actionTimeout.describe("of each try"),
});

/** Who is told, once for each metric of each variant, that harm is shown while a run goes on. */
export const onBreachSchema = webhookSchema;
export type OnBreach = z.output<typeof onBreachSchema>;

/** What is done, once, when a run decides to roll back. */
export const onRollBackSchema = z.union([
  webhookSchema,
  z.strictObject({
    command: z
      .array(z.string().min(1))
      .min(1)
      .describe(
        "program and arguments; SHAKEDOWN_REASON, _RUN and _SCENARIO are in its environment",
      ),
    timeout: actionTimeout,
  }),
]);
export type OnRollBack = z.output<typeof onRollBackSchema>;
