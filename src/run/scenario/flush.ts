import { z } from "zod";
import { headers } from "./arm.ts";
import { actionTimeout } from "./roll-back.ts";

const METHODS = ["POST", "PUT", "PATCH", "DELETE", "GET"] as const;

const request = z.strictObject({
  method: z.enum(METHODS).default("POST"),
  path: z
    .string()
    .regex(/^\/[\x21-\x7e]*$/, "a path, such as /caches/flush")
    .describe("asked of each arm; below 400 is done"),
  headers: headers.describe("beside those of the arm"),
  body: z.string().optional(),
});

/** How an arm's caches are emptied: by a request to each arm, or a command that is run for each. */
export const flushCachesSchema = z.union([
  z.strictObject({ request, timeout: actionTimeout }),
  z.strictObject({
    command: z
      .array(z.string().min(1))
      .min(1)
      .describe(
        "program and arguments, run for each arm; SHAKEDOWN_ARM, _ARM_URL, _STAGE, _RUN and _SCENARIO " +
          "are in its environment",
      ),
    timeout: actionTimeout,
  }),
]);
export type FlushCaches = z.output<typeof flushCachesSchema>;
