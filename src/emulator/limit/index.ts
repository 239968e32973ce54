import { z } from "zod";
import type { Limiter } from "../model.ts";
import { tokenBucketLimiter, tokenBucketSchema } from "./token-bucket.ts";

/** The limiters, by `kind`. A new one is its file, a line here and one below. */
export const limitSchema = z.discriminatedUnion("kind", [tokenBucketSchema]);
export type LimitSpec = z.output<typeof limitSchema>;

/** A limiter in its first state; each arm gets one of its own. */
export function createLimiter(spec: LimitSpec): Limiter {
  return tokenBucketLimiter(spec);
}
