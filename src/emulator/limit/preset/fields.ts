import { type Rule } from "../rules.ts";
import type { AlgorithmSpec } from "../algorithm/index.ts";

/** A rule of a vendor's. */
export const vendorRule = (
  name: string,
  algorithm: AlgorithmSpec,
  more: Partial<Pick<Rule, "by" | "cost">> = {},
): Rule => ({ name, algorithm, by: "api-key", cost: 1, ...more });

/** So many a minute, as a bucket that holds as many. */
export const perMinute = (most: number): AlgorithmSpec => ({
  kind: "token-bucket",
  rate: most / 60,
  burst: most,
});

/** APIs of language models count tokens: taken to be a quarter of the body's bytes. */
export const TOKEN_COST = { bytesPerUnit: 4, default: 1 } as const;

export const JSON_TYPE = "application/json; charset=utf-8";
