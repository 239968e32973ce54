import { z } from "zod";
import { durationNsField, NS_PER_MS, NS_PER_S, ratePerSecField } from "../../core/index.ts";
import { ADMITTED, type Limiter } from "../model.ts";

/**
 * `{ kind: token-bucket, rate: 50/s, burst: 20 }`: a bucket of `burst` tokens, filled at `rate`;
 * a call takes one or is limited with `status` (429). `retryAfter` is what a limited call is told:
 * `exact` (when the next token comes; the default), `none`, or a fixed duration.
 */
export const tokenBucketSchema = z
  .strictObject({
    kind: z.literal("token-bucket"),
    rate: ratePerSecField(),
    burst: z.number().int().min(1),
    status: z.number().int().min(400).max(599).default(429),
    retryAfter: z
      .union([z.enum(["exact", "none"]), durationNsField()])
      .transform((told) => (told === "none" ? 0 : told))
      .default("exact"),
  })
  .transform(({ kind, rate, burst, status, retryAfter }) => ({
    kind,
    ratePerSec: rate,
    burst,
    status,
    /** What a limited call is told to wait, in milliseconds: the exact time, or this; 0: nothing. */
    toldMs: retryAfter === "exact" ? ("exact" as const) : Math.ceil(retryAfter / NS_PER_MS),
  }));

/**
 * A token bucket in the form of the generic cell rate algorithm: one number, the theoretical
 * arrival time, at which the bucket would be full. In any span of t seconds at most
 * `burst + rate · t` calls are admitted; a caller that waits what it is exactly told, and meets no
 * other caller, is admitted.
 * Source: ITU-T I.371, annex A (virtual scheduling).
 */
export function tokenBucketLimiter(spec: z.output<typeof tokenBucketSchema>): Limiter {
  const { burst, status, toldMs: told } = spec;
  const tokenNs = NS_PER_S / spec.ratePerSec;
  const toleranceNs = (burst - 1) * tokenNs;
  let fullAtNs = Number.NEGATIVE_INFINITY;
  return {
    admit(_call, nowNs) {
      const waitNs = fullAtNs - toleranceNs - nowNs;
      if (waitNs <= 0) {
        fullAtNs = Math.max(fullAtNs, nowNs) + tokenNs;
        return ADMITTED;
      }
      const exactMs = Math.ceil(waitNs / NS_PER_MS);
      return { kind: "limited", status, retryAfterMs: told === "exact" ? exactMs : told };
    },
  };
}
