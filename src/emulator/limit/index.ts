/** How often a dependency may be called: rules, and how callers are told of them. */
import { z } from "zod";
import { NS_PER_MS } from "../../core/index.ts";
import { fittedSchema, isFitted, unresolvedFit } from "../fitted.ts";
import { ADMITTED, type Admitted, type CallContext, type Limited, type Limiter } from "../model.ts";
import { ownPolicy, ownSchema } from "./own.ts";
import { recent } from "./recent.ts";
import type { LimitPolicy } from "./policy.ts";
import { presetPolicy, presetSchema } from "./preset/index.ts";
import { Rules, type Ruling } from "./rules.ts";
import type { SharedLedger } from "./shared/ledger.ts";
import { SharedRules } from "./shared/rules.ts";

/**
 * `limit`: one rule (`kind: token-bucket`, `leaky-bucket`, `gcra`, `points`, `fixed-window`,
 * `sliding-window`, `concurrency`), several (`kind: all`), a vendor's (`preset`), or the profile's
 * (`kind: fitted`).
 */
export const limitSchema = z.union([ownSchema, presetSchema, fittedSchema]);
export type LimitSpec = z.output<typeof limitSchema>;

export { type LimitSharing, SharedLedger } from "./shared/ledger.ts";

export interface LimitEnvironment {
  /** The wall clock at a moment of the emulator's, in milliseconds since the epoch. */
  readonly wallMsAt: (nowNs: number) => number;
}

/** Callers whose waiting is watched; beyond, the one not seen for longest is no longer. */
const WATCHED_MAX = 100_000;

function policyOf(spec: LimitSpec): LimitPolicy {
  if (isFitted(spec)) throw unresolvedFit("a limit");
  return "preset" in spec ? presetPolicy(spec) : ownPolicy(spec);
}

/** Says what a ruling means for a caller, and remembers how long each was told to wait. */
function teller(policy: LimitPolicy, { wallMsAt }: LimitEnvironment) {
  /** Until when each caller was told to wait. */
  const told = recent<number>(WATCHED_MAX);
  return (ruling: Ruling, call: CallContext, nowNs: number): Admitted | Limited => {
    if (ruling.standings.length === 0) return ADMITTED;
    const untilNs = told.get(ruling.caller) ?? Number.NEGATIVE_INFINITY;
    // What is told is rounded up to whole milliseconds, what is waited by timers often down.
    const early = nowNs < untilNs - NS_PER_MS;
    const context = { call, wallMs: wallMsAt(nowNs) };
    if (ruling.admitted) {
      if (untilNs > Number.NEGATIVE_INFINITY) told.delete(ruling.caller);
      const headers = policy.admitted(ruling, context);
      return { kind: "admitted", headers, release: ruling.release, early };
    }
    const refusal = policy.limited(ruling, context);
    const { asToldNs = refusal.toldNs, body, headers, status, toldNs } = refusal;
    if (toldNs > 0) told.set(ruling.caller, nowNs + asToldNs);
    const retryAfterMs = toldNs > 0 ? Math.ceil(toldNs / NS_PER_MS - 1e-6) : 0;
    return { kind: "limited", status, headers, body, retryAfterMs, early };
  };
}

/**
 * A limiter in its first state; each arm gets one of its own.
 * @throws SCENARIO_INVALID when it is an unresolved fit
 */
export function createLimiter(spec: LimitSpec, environment: LimitEnvironment): Limiter {
  const policy = policyOf(spec);
  const { wallMsAt } = environment;
  const rules = new Rules(policy.rules, (nowNs) => wallMsAt(nowNs) * NS_PER_MS);
  const tell = teller(policy, environment);
  return { admit: (call, nowNs) => tell(rules.rule(call, nowNs), call, nowNs) };
}

/** A limiter whose accounts several emulators take from. */
export interface SharedLimiter {
  /** As `Limiter.admit`, once it is known. Never rejects. */
  ask(call: CallContext, nowNs: number): Promise<Admitted | Limited>;
}

/** `name`: of the limit, the same at every emulator. @throws SCENARIO_INVALID as `createLimiter` */
export function createSharedLimiter(
  spec: LimitSpec,
  environment: LimitEnvironment & { readonly ledger: SharedLedger; readonly name: string },
): SharedLimiter {
  const policy = policyOf(spec);
  const { ledger, name, wallMsAt } = environment;
  const wallNsAt = (nowNs: number): number => wallMsAt(nowNs) * NS_PER_MS;
  const rules = new SharedRules({ rules: policy.rules, ledger, name, wallNsAt });
  const tell = teller(policy, environment);
  return {
    ask: async (call, nowNs) => tell(await rules.rule(call, nowNs), call, nowNs),
  };
}
