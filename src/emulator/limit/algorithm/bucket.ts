import { z } from "zod";
import { NS_PER_S } from "../../../core/index.ts";
import { durationNsField, ratePerSecField } from "../../../core/fields/index.ts";
import type { Account, MakeAccount } from "../standing.ts";

const burst = () => z.number().int().min(1).max(1e9);

/** `{ kind: token-bucket, rate: 50/s, burst: 20 }`: `burst` tokens, that come back at `rate`. */
export const tokenBucketFields = {
  kind: z.literal("token-bucket"),
  rate: ratePerSecField(),
  burst: burst(),
};

/** `{ kind: leaky-bucket, leak: 2/s, size: 40 }`: each call fills it by its cost; it leaks evenly. */
export const leakyBucketFields = {
  kind: z.literal("leaky-bucket"),
  leak: ratePerSecField(),
  size: burst(),
};

/** `{ kind: points, points: 1000, restore: 50/s }`: a token bucket of calls that cost more than one. */
export const pointsFields = {
  kind: z.literal("points"),
  points: burst(),
  restore: ratePerSecField(),
};

/**
 * `{ kind: gcra, rate: 10/s, tolerance: 400ms }`: calls come evenly, at most `tolerance` ahead of
 * their time.
 */
export const gcraFields = {
  kind: z.literal("gcra"),
  rate: ratePerSecField(),
  tolerance: durationNsField().default(0),
};

/**
 * A bucket of credit in the form of the generic cell rate algorithm: one number, the theoretical
 * arrival time, at which all credit would be back. In any span of t seconds calls of at most
 * `burst + ratePerSec · t` are admitted; a lone caller that waits what it is exactly told is.
 * `burst`: may be fractional. What costs more than the whole bucket is never allowed.
 * Source: ITU-T I.371, annex A (virtual scheduling).
 */
export function bucketAccount(ratePerSec: number, burstOf: number): MakeAccount {
  const unitNs = NS_PER_S / ratePerSec;
  return (): Account => {
    let fullAtNs = Number.NEGATIVE_INFINITY;
    return {
      look(nowNs, cost) {
        const resetNs = Math.max(fullAtNs - nowNs, 0);
        const remaining = burstOf - resetNs / unitNs;
        const waitNs = Math.max(resetNs - (burstOf - cost) * unitNs, 0);
        // What has just been waited for is there, whatever the last bit says.
        const allowed = cost <= burstOf && waitNs <= 1e-3;
        return {
          allowed,
          limit: burstOf,
          remaining: Math.max(remaining, 0),
          resetNs,
          waitNs: allowed ? 0 : cost > burstOf ? Number.POSITIVE_INFINITY : waitNs,
        };
      },
      take(nowNs, cost) {
        fullAtNs = Math.max(fullAtNs, nowNs) + cost * unitNs;
      },
    };
  };
}

/** Calls one by one: `tolerance` of 0 admits them exactly a period apart. */
export const gcraAccount = (ratePerSec: number, toleranceNs: number): MakeAccount =>
  bucketAccount(ratePerSec, 1 + (toleranceNs * ratePerSec) / NS_PER_S);
