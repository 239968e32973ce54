import { z } from "zod";
import { ratePerSecField } from "../../../core/fields/index.ts";
import type { LimitPolicy } from "../policy.ts";
import { vendorRule } from "./fields.ts";

/**
 * Stripe: 100 operations a second in live mode (25 in a sandbox), and a limit on those in flight.
 * Nothing is told while all is well; a limited call is told why, and neither how long nor, by
 * `Stripe-Should-Retry`, that it is worth another try: clients decide by the status.
 * Sources: docs.stripe.com/rate-limits (limits, 429), docs.stripe.com/error-codes (`rate_limit`).
 */
export const stripeFields = {
  preset: z.literal("stripe"),
  rate: ratePerSecField().prefault("100/s"),
  concurrent: z.number().int().min(1).default(100),
};

export function stripePolicy(spec: {
  readonly rate: number;
  readonly concurrent: number;
}): LimitPolicy {
  const { concurrent, rate } = spec;
  return {
    rules: [
      vendorRule("global-rate", {
        kind: "token-bucket",
        rate,
        burst: Math.max(Math.round(rate), 1),
      }),
      vendorRule("global-concurrency", { kind: "concurrency", max: concurrent }),
    ],
    admitted: () => ({}),
    limited: ({ tightest }) => ({
      status: 429,
      toldNs: 0,
      headers: {
        "content-type": "application/json",
        "Stripe-Rate-Limited-Reason": tightest?.name ?? "global-rate",
      },
      body: JSON.stringify({
        error: {
          code: "rate_limit",
          doc_url: "https://stripe.com/docs/error-codes/rate-limit",
          message:
            "Request rate limit exceeded. Learn more about rate limits here https://stripe.com/docs/rate-limits.",
          type: "invalid_request_error",
        },
      }),
    }),
  };
}
