import { z } from "zod";
import { formatReset } from "../formats.ts";
import type { LimitPolicy } from "../policy.ts";
import { whole } from "../tell.ts";
import { JSON_TYPE, vendorRule } from "./fields.ts";

/**
 * GitHub's REST API: a primary limit of 5,000 calls an hour and user, and secondary ones of 100
 * calls in flight and 900 points a minute, where what writes costs five.
 * Sources: docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api and
 * …/troubleshooting-the-rest-api (limits, headers, 403 or 429: 403 here); the texts are those in
 * github.com/KnpLabs/php-github-api/issues/1070 and ghuser-io/db/issues/2.
 */
export const githubFields = {
  preset: z.literal("github"),
  perHour: z.number().int().min(1).default(5_000),
  concurrent: z.number().int().min(1).default(100),
  pointsPerMinute: z.number().int().min(1).default(900),
};

const HOUR_NS = 3_600e9;
const DOCS = "https://docs.github.com/rest/overview/rate-limits-for-the-rest-api";

export function githubPolicy(spec: {
  readonly perHour: number;
  readonly concurrent: number;
  readonly pointsPerMinute: number;
}): LimitPolicy {
  const { concurrent, perHour, pointsPerMinute } = spec;
  const primary = vendorRule("primary", {
    kind: "fixed-window",
    limit: perHour,
    window: HOUR_NS,
    begins: "first-call",
  });
  const admitted: LimitPolicy["admitted"] = ({ standings }, { wallMs }) => {
    const { limit, remaining, resetNs } = standings[0]!;
    return {
      "x-ratelimit-limit": String(limit),
      "x-ratelimit-remaining": String(whole(remaining)),
      "x-ratelimit-used": String(limit - whole(remaining)),
      "x-ratelimit-reset": formatReset("epoch", resetNs, wallMs),
      "x-ratelimit-resource": "core",
    };
  };
  return {
    rules: [
      primary,
      vendorRule("concurrent", { kind: "concurrency", max: concurrent }),
      vendorRule(
        "points",
        { kind: "fixed-window", limit: pointsPerMinute, window: 60e9, begins: "first-call" },
        { cost: { read: 1, write: 5 } },
      ),
    ],
    admitted,
    limited(ruling, context) {
      const isPrimary = ruling.tightest?.name === "primary";
      const told = isPrimary ? {} : { "retry-after": "60" };
      const message = isPrimary
        ? "API rate limit exceeded for user ID 1."
        : "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.";
      const waitNs = isPrimary ? (ruling.tightest?.waitNs ?? 0) : 60e9;
      // The primary limit tells its reset, a whole second, which is when to come again.
      const resetS = Math.ceil((context.wallMs + waitNs / 1e6) / 1_000);
      return {
        status: 403,
        toldNs: waitNs,
        asToldNs: isPrimary ? (resetS * 1_000 - context.wallMs) * 1e6 : waitNs,
        headers: { "content-type": JSON_TYPE, ...admitted(ruling, context), ...told },
        body: JSON.stringify({ message, documentation_url: DOCS }),
      };
    },
  };
}
