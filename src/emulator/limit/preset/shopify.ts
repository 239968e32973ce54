import { z } from "zod";
import { ratePerSecField } from "../../../core/fields/index.ts";
import type { LimitPolicy } from "../policy.ts";
import { whole } from "../tell.ts";
import { JSON_TYPE, vendorRule } from "./fields.ts";

/**
 * Shopify's REST Admin API: a leaky bucket of 40 calls that leaks 2 a second, told as `32/40`.
 * Source: shopify.dev/docs/api/admin-rest/usage/rate-limits (standard plan: 40 calls, 2 a second).
 */
export const shopifyRestFields = {
  preset: z.literal("shopify-rest"),
  size: z.number().int().min(1).default(40),
  leak: ratePerSecField().prefault("2/s"),
};

export function shopifyRestPolicy({ leak, size }: { size: number; leak: number }): LimitPolicy {
  const admitted: LimitPolicy["admitted"] = ({ standings }) => ({
    "X-Shopify-Shop-Api-Call-Limit": `${size - whole(standings[0]!.remaining)}/${size}`,
  });
  return {
    rules: [
      vendorRule(
        "shop",
        { kind: "leaky-bucket", size, leak },
        { by: "header:x-shopify-access-token" },
      ),
    ],
    admitted,
    limited(ruling, context) {
      const waitS = Math.max(Math.ceil((ruling.tightest?.waitNs ?? 0) / 1e9), 1) + 1;
      return {
        status: 429,
        toldNs: waitS * 1e9,
        headers: {
          "content-type": JSON_TYPE,
          ...admitted(ruling, context),
          "Retry-After": waitS.toFixed(1),
        },
        body: JSON.stringify({
          errors: `Exceeded ${leak} calls per second for api client. Reduce request rates to resume uninterrupted service.`,
        }),
      };
    },
  };
}

/**
 * Shopify's GraphQL Admin API: points, which come back at 100 a second on the standard plan (200,
 * 1,000 and 2,000 on others), up to twenty times as many. A limited call is answered with 200 and an
 * error in the body, which has `extensions` beside `errors`. What a query costs is told with
 * `x-shopify-query-cost` here, since the emulator does not read queries; 10 unless it is.
 * Sources: shopify.dev/docs/apps/build/apis/graphql-admin/rate-limits (the rates),
 * community.shopify.com/t/throttled/254776 (a limited answer, whole).
 */
export const shopifyGraphqlFields = {
  preset: z.literal("shopify-graphql"),
  points: z.number().int().min(1).default(2_000),
  restore: ratePerSecField().prefault("100/s"),
};

export function shopifyGraphqlPolicy(spec: { points: number; restore: number }): LimitPolicy {
  const { points, restore } = spec;
  return {
    rules: [
      vendorRule(
        "shop",
        { kind: "points", points, restore },
        {
          by: "header:x-shopify-access-token",
          cost: { header: "x-shopify-query-cost", default: 10 },
        },
      ),
    ],
    admitted: () => ({}),
    limited: ({ tightest }) => ({
      status: 200,
      // Nothing says it outright; who reads the cost can work it out.
      toldNs: 0,
      headers: { "content-type": JSON_TYPE },
      body: JSON.stringify({
        errors: [
          {
            message: "Throttled",
            extensions: {
              code: "THROTTLED",
              documentation: "https://shopify.dev/api/usage/rate-limits",
            },
          },
        ],
        extensions: {
          cost: {
            requestedQueryCost: tightest?.cost ?? 0,
            actualQueryCost: null,
            throttleStatus: {
              maximumAvailable: points,
              currentlyAvailable: whole(tightest?.remaining ?? 0),
              restoreRate: restore,
            },
          },
        },
      }),
    }),
  };
}
