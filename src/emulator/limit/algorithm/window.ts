import { z } from "zod";
import { durationNsField } from "../../../core/fields/index.ts";
import type { Account, MakeAccount } from "../standing.ts";

const limit = () => z.number().int().min(1).max(10_000_000);
const window = () => durationNsField().refine((windowNs) => windowNs > 0, "more than 0");

/**
 * `{ kind: fixed-window, limit: 100, window: 60s, begins: clock }`: so much in each window; windows
 * begin with the wall `clock`'s multiples (unless told), or with the `first-call` after the last.
 */
export const fixedWindowFields = {
  kind: z.literal("fixed-window"),
  limit: limit(),
  window: window(),
  begins: z.enum(["clock", "first-call"]).default("clock"),
};

/** `{ kind: sliding-window, limit: 100, window: 60s }`: so much in the time before any moment. */
export const slidingWindowFields = {
  kind: z.literal("sliding-window"),
  limit: limit(),
  window: window(),
};

/** `wallNsAt`: the wall clock at a moment of the emulator's, for windows that begin with it. */
export function fixedWindowAccount(
  spec: { readonly limit: number; readonly window: number; readonly begins: string },
  wallNsAt: (nowNs: number) => number,
): MakeAccount {
  const { limit: most, window: windowNs } = spec;
  return (): Account => {
    let [endNs, used] = [Number.NEGATIVE_INFINITY, 0];
    const begun = (nowNs: number): { used: number; endNs: number } => {
      if (nowNs < endNs) return { used, endNs };
      const sinceNs = spec.begins === "clock" ? wallNsAt(nowNs) % windowNs : 0;
      return { used: 0, endNs: nowNs + windowNs - sinceNs };
    };
    return {
      look(nowNs, cost) {
        const now = begun(nowNs);
        const allowed = now.used + cost <= most;
        const untilNs = Math.max(now.endNs - nowNs, 0);
        const waitNs = allowed ? 0 : cost > most ? Number.POSITIVE_INFINITY : untilNs;
        return { allowed, limit: most, remaining: most - now.used, resetNs: untilNs, waitNs };
      },
      take(nowNs, cost) {
        const now = begun(nowNs);
        endNs = now.endNs;
        used = now.used + cost;
      },
    };
  };
}

/** Remembers every call of the window: exact, and as large as the limit. */
export function slidingWindowAccount(spec: {
  readonly limit: number;
  readonly window: number;
}): MakeAccount {
  const { limit: most, window: windowNs } = spec;
  return (): Account => {
    let taken: { readonly atNs: number; readonly cost: number }[] = [];
    let [from, used] = [0, 0];
    const forget = (nowNs: number): void => {
      for (let first = taken[from]; first !== undefined; first = taken[from]) {
        if (first.atNs + windowNs > nowNs) break;
        used -= first.cost;
        from++;
      }
      if (from < 1_024 || from * 2 < taken.length) return;
      taken = taken.slice(from);
      from = 0;
    };
    /** When so much of what was taken has left the window. */
    const whenFree = (needed: number, nowNs: number): number => {
      let free = 0;
      for (let i = from; i < taken.length && free < needed; i++) {
        free += taken[i]!.cost;
        if (free >= needed) return taken[i]!.atNs + windowNs - nowNs;
      }
      return 0;
    };
    return {
      look(nowNs, cost) {
        forget(nowNs);
        const allowed = used + cost <= most;
        const waitNs = allowed ? 0 : whenFree(used + cost - most, nowNs);
        return {
          allowed,
          limit: most,
          remaining: most - used,
          resetNs: used === 0 ? 0 : taken.at(-1)!.atNs + windowNs - nowNs,
          waitNs: cost > most ? Number.POSITIVE_INFINITY : waitNs,
        };
      },
      take(nowNs, cost) {
        taken.push({ atNs: nowNs, cost });
        used += cost;
      },
    };
  };
}
