import { CACHE_CASES } from "./cache-cases.ts";
import { HUANG_CASES } from "./huang-cases.ts";
import type { WardCase } from "./model.ts";
import { OWN_CASES } from "./own-cases.ts";
import { POOL_CASES } from "./pool-cases.ts";
import { RETRY_CASES } from "./retry-cases.ts";

/** Who lies in the ward. */
export const WARD: readonly WardCase[] = [
  ...POOL_CASES,
  ...RETRY_CASES,
  ...CACHE_CASES,
  ...OWN_CASES,
  ...HUANG_CASES,
];
