/** How much may be asked for: each algorithm makes accounts, one for each caller. */
import { z } from "zod";
import type { MakeAccount } from "../standing.ts";
import {
  bucketAccount,
  gcraAccount,
  gcraFields,
  leakyBucketFields,
  pointsFields,
  tokenBucketFields,
} from "./bucket.ts";
import { concurrencyAccount, concurrencyFields } from "./concurrency.ts";
import {
  fixedWindowAccount,
  fixedWindowFields,
  slidingWindowAccount,
  slidingWindowFields,
} from "./window.ts";

/** The fields of each algorithm, as people write them. */
export const ALGORITHM_FIELDS = [
  tokenBucketFields,
  leakyBucketFields,
  pointsFields,
  gcraFields,
  fixedWindowFields,
  slidingWindowFields,
  concurrencyFields,
] as const;

const algorithmSchema = z.discriminatedUnion("kind", [
  z.object(tokenBucketFields),
  z.object(leakyBucketFields),
  z.object(pointsFields),
  z.object(gcraFields),
  z.object(fixedWindowFields),
  z.object(slidingWindowFields),
  z.object(concurrencyFields),
]);
export type AlgorithmSpec = z.output<typeof algorithmSchema>;

export function makeAccounts(
  spec: AlgorithmSpec,
  wallNsAt: (nowNs: number) => number,
): MakeAccount {
  switch (spec.kind) {
    case "token-bucket":
      return bucketAccount(spec.rate, spec.burst);
    case "leaky-bucket":
      return bucketAccount(spec.leak, spec.size);
    case "points":
      return bucketAccount(spec.restore, spec.points);
    case "gcra":
      return gcraAccount(spec.rate, spec.tolerance);
    case "fixed-window":
      return fixedWindowAccount(spec, wallNsAt);
    case "sliding-window":
      return slidingWindowAccount(spec);
    case "concurrency":
      return concurrencyAccount(spec.max);
  }
}

/** The time that a limit speaks of, in nanoseconds: its window, or what fills its bucket. */
export function windowNsOf(spec: AlgorithmSpec): number | null {
  switch (spec.kind) {
    case "token-bucket":
      return (spec.burst / spec.rate) * 1e9;
    case "leaky-bucket":
      return (spec.size / spec.leak) * 1e9;
    case "points":
      return (spec.points / spec.restore) * 1e9;
    case "gcra":
      return 1e9 / spec.rate + spec.tolerance;
    case "fixed-window":
    case "sliding-window":
      return spec.window;
    case "concurrency":
      return null;
  }
}
