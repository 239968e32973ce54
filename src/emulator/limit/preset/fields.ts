import { type Rule } from "../rules.ts";
import type { AlgorithmSpec } from "../algorithm/index.ts";

/** A rule of a vendor's. */
export const vendorRule = (
  name: string,
  algorithm: AlgorithmSpec,
  more: Partial<Pick<Rule, "by" | "cost">> = {},
): Rule => ({ name, algorithm, by: "api-key", cost: 1, ...more });

export const JSON_TYPE = "application/json; charset=utf-8";
