import { z } from "zod";
import { formatReset } from "../formats.ts";
import type { LimitPolicy } from "../policy.ts";
import { whole } from "../tell.ts";
import { perMinute, TOKEN_COST, vendorRule } from "./fields.ts";

/**
 * Anthropic: requests and input tokens a minute as token buckets, told with each answer, resets as
 * RFC 3339 times, what is left of tokens to the nearest thousand. Input tokens are taken to be a
 * quarter of the body's bytes; output tokens, of which the emulator makes none, are told as all left.
 * `tokens` are both together, as in an answer that was recorded.
 * Sources: docs.anthropic.com/en/api/rate-limits (headers; the defaults are of its tier 1),
 * docs.anthropic.com/en/api/errors (the body), and the recorded answers of the R package tidyllm.
 */
export const anthropicFields = {
  preset: z.literal("anthropic"),
  requestsPerMinute: z.number().int().min(1).default(50),
  tokensPerMinute: z.number().int().min(1).default(30_000),
  outputTokensPerMinute: z.number().int().min(1).default(8_000),
};

interface Told {
  readonly limit: number;
  readonly remaining: number;
  readonly resetNs: number;
}

const nearestThousand = (tokens: number): number => Math.round(tokens / 1_000) * 1_000;

export function anthropicPolicy(spec: {
  requestsPerMinute: number;
  tokensPerMinute: number;
  outputTokensPerMinute: number;
}): LimitPolicy {
  const { outputTokensPerMinute: output, requestsPerMinute, tokensPerMinute } = spec;
  const admitted: LimitPolicy["admitted"] = ({ standings }, { wallMs }) => {
    const [requests, input] = [standings[0]!, standings[1]!];
    const told: Readonly<Record<string, Told>> = {
      requests: { ...requests, remaining: whole(requests.remaining) },
      "input-tokens": { ...input, remaining: nearestThousand(input.remaining) },
      "output-tokens": { limit: output, remaining: nearestThousand(output), resetNs: 0 },
      tokens: {
        limit: input.limit + output,
        remaining: nearestThousand(input.remaining + output),
        resetNs: input.resetNs,
      },
    };
    return Object.fromEntries(
      Object.entries(told).flatMap(([name, { limit, remaining, resetNs }]) => [
        [`anthropic-ratelimit-${name}-limit`, String(limit)],
        [`anthropic-ratelimit-${name}-remaining`, String(remaining)],
        [`anthropic-ratelimit-${name}-reset`, formatReset("rfc3339", resetNs, wallMs)],
      ]),
    );
  };
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
