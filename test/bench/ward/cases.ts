import type { WardCase } from "./model.ts";
import { POOL_CASES } from "./pool-cases.ts";

/** Who lies in the ward. */
export const WARD: readonly WardCase[] = [...POOL_CASES];
