import { z } from "zod";
import type { Account, MakeAccount } from "../standing.ts";

/** `{ kind: concurrency, max: 25 }`: so many calls in flight; nobody can say when one ends. */
export const concurrencyFields = {
  kind: z.literal("concurrency"),
  max: z.number().int().min(1).max(1_000_000),
};

export function concurrencyAccount(max: number): MakeAccount {
  return (): Account => {
    let inFlight = 0;
    return {
      look: () => ({
        allowed: inFlight < max,
        limit: max,
        remaining: max - inFlight,
        resetNs: 0,
        waitNs: 0,
      }),
      take: () => void inFlight++,
      give: () => void inFlight--,
    };
  };
}
