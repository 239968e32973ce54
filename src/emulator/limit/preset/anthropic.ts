import { z } from "zod";
import { formatReset } from "../formats.ts";
import type { LimitPolicy } from "../policy.ts";
import { whole } from "../tell.ts";
import { perMinute, TOKEN_COST, vendorRule } from "./fields.ts";

/**
 * Anthropic: requests and input tokens a minute as token buckets, told with each answer, resets as
 * RFC 3339 times. Tokens are taken to be a quarter of the body's bytes.
 * Source: docs.anthropic.com/en/api/rate-limits (2025); the defaults are of its tier 1.
 */
export const anthropicFields = {
  preset: z.literal("anthropic"),
  requestsPerMinute: z.number().int().min(1).default(50),
  tokensPerMinute: z.number().int().min(1).default(30_000),
};

export function anthropicPolicy(spec: {
  requestsPerMinute: number;
  tokensPerMinute: number;
}): LimitPolicy {
  const { requestsPerMinute, tokensPerMinute } = spec;
  const admitted: LimitPolicy["admitted"] = ({ standings }, { wallMs }) =>
    Object.fromEntries(
      standings.flatMap(({ limit, name, remaining, resetNs }) => [
        [`anthropic-ratelimit-${name}-limit`, String(limit)],
        [`anthropic-ratelimit-${name}-remaining`, String(whole(remaining))],
        [`anthropic-ratelimit-${name}-reset`, formatReset("rfc3339", resetNs, wallMs)],
      ]),
    );
  return {
    rules: [
      vendorRule("requests", perMinute(requestsPerMinute)),
      vendorRule("input-tokens", perMinute(tokensPerMinute), {
        cost: TOKEN_COST,
      }),
    ],
    admitted,
    limited(ruling, context) {
      const tightest = ruling.tightest!;
      const waitS = Number.isFinite(tightest.waitNs) ? Math.ceil(tightest.waitNs / 1e9) : 0;
      const what = tightest.name === "requests" ? "requests" : "input tokens";
      return {
        status: 429,
        toldNs: waitS * 1e9,
        headers: {
          "content-type": "application/json",
          ...admitted(ruling, context),
          ...(waitS > 0 ? { "retry-after": String(waitS) } : {}),
        },
        body: JSON.stringify({
          type: "error",
          error: {
            type: "rate_limit_error",
            message: `This request would exceed your organization's rate limit of ${tightest.limit} ${what} per minute.`,
          },
        }),
      };
    },
  };
}
