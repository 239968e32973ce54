import { z } from "zod";
import type { LimitPolicy } from "../policy.ts";
import { JSON_TYPE, vendorRule } from "./fields.ts";

/**
 * Twilio: so many calls in flight for an account; each answer tells how many there are. What is
 * limited was never processed, and is always safe to retry.
 * Source: twilio.com/docs/api/errors/20429, which names the header, and advises to back off: how long
 * to wait is not told.
 */
export const twilioFields = {
  preset: z.literal("twilio"),
  concurrent: z.number().int().min(1).default(100),
};

export function twilioPolicy({ concurrent }: { concurrent: number }): LimitPolicy {
  const admitted: LimitPolicy["admitted"] = ({ standings }) => ({
    "Twilio-Concurrent-Requests": String(concurrent - standings[0]!.remaining),
  });
  return {
    rules: [vendorRule("concurrency", { kind: "concurrency", max: concurrent })],
    admitted,
    limited: (ruling, context) => ({
      status: 429,
      toldNs: 0,
      headers: { "content-type": JSON_TYPE, ...admitted(ruling, context) },
      body: JSON.stringify({
        code: 20_429,
        message: "Too Many Requests",
        more_info: "https://www.twilio.com/docs/errors/20429",
        status: 429,
      }),
    }),
  };
}
