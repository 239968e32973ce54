import { z } from "zod";
import { formatReset } from "../formats.ts";
import type { LimitPolicy } from "../policy.ts";
import type { RuleStanding } from "../rules.ts";
import { whole } from "../tell.ts";
import { perMinute, TOKEN_COST, vendorRule } from "./fields.ts";

/**
 * OpenAI: requests and tokens a minute, both told with each answer, resets as Go durations. Tokens
 * are taken to be a quarter of the body's bytes.
 * Sources: platform.openai.com/docs/guides/rate-limits (headers; the defaults are of its tier 1),
 * github.com/openai/openai-dotnet/issues/404 (a limited answer, whole),
 * github.com/openai/openai-openapi/pull/564 (`retry-after` in whole seconds).
 */
export const openaiFields = {
  preset: z.literal("openai"),
  requestsPerMinute: z.number().int().min(1).default(500),
  tokensPerMinute: z.number().int().min(1).default(30_000),
};

const MODEL = "gpt-4o";
const ORGANIZATION = "org-emulated";
const WORDS: Readonly<Record<string, string>> = { requests: "RPM", tokens: "TPM" };

export function openaiPolicy(spec: {
  requestsPerMinute: number;
  tokensPerMinute: number;
}): LimitPolicy {
  const { requestsPerMinute, tokensPerMinute } = spec;
  const admitted: LimitPolicy["admitted"] = ({ standings }) =>
    Object.fromEntries(
      standings.flatMap(({ limit, name, remaining, resetNs }) => [
        [`x-ratelimit-limit-${name}`, String(limit)],
        [`x-ratelimit-remaining-${name}`, String(whole(remaining))],
        [`x-ratelimit-reset-${name}`, formatReset("go-duration", resetNs, 0)],
      ]),
    );
  const message = ({ cost, limit, name, remaining, waitNs }: RuleStanding): string => {
    const again = Number.isFinite(waitNs)
      ? ` Please try again in ${formatReset("go-duration", waitNs, 0)}.`
      : "";
    return (
      `Rate limit reached for ${MODEL} in organization ${ORGANIZATION} on ${name} per min (${WORDS[name]}): Limit ${limit}, ` +
      `Used ${limit - whole(remaining)}, Requested ${Math.ceil(cost)}.${again} ` +
      "Visit https://platform.openai.com/account/rate-limits to learn more."
    );
  };
  return {
    rules: [
      vendorRule("requests", perMinute(requestsPerMinute)),
      vendorRule("tokens", perMinute(tokensPerMinute), {
        cost: TOKEN_COST,
      }),
    ],
    admitted,
    limited(ruling, context) {
      const tightest = ruling.tightest!;
      const waitNs = Number.isFinite(tightest.waitNs) ? tightest.waitNs : 0;
      const told = {
        "retry-after-ms": formatReset("milliseconds", waitNs, 0),
        "retry-after": formatReset("seconds", waitNs, 0),
      };
      return {
        status: 429,
        toldNs: waitNs,
        headers: {
          "content-type": "application/json",
          ...admitted(ruling, context),
          ...(waitNs > 0 ? told : {}),
        },
        body: JSON.stringify({
          error: {
            message: message(tightest),
            type: tightest.name,
            param: null,
            code: "rate_limit_exceeded",
          },
        }),
      };
    },
  };
}
