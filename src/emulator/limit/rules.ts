import type { z } from "zod";
import type { CallContext } from "../model.ts";
import { recent } from "./recent.ts";
import { type AlgorithmSpec, makeAccounts, windowNsOf } from "./algorithm/index.ts";
import { costOf, type costSchema, keyOfBy } from "./keys.ts";
import type { Account, MakeAccount, Standing } from "./standing.ts";

/** One limit: an algorithm, whose calls it counts together, and what a call costs. */
export interface Rule {
  readonly name: string;
  readonly algorithm: AlgorithmSpec;
  readonly by: string;
  readonly cost: z.output<typeof costSchema>;
}

/** How a caller stands with one of the rules. */
export interface RuleStanding extends Standing {
  readonly name: string;
  readonly kind: AlgorithmSpec["kind"];
  /** What the limit speaks of; null for calls in flight. */
  readonly windowNs: number | null;
  readonly cost: number;
}

/** What the rules say to one call. */
export interface Ruling {
  readonly admitted: boolean;
  /** Of those rules that are about the call, in their order; after it, when it was admitted. */
  readonly standings: readonly RuleStanding[];
  /** The one that refuses for longest; when none does, the one of which the least is left. */
  readonly tightest: RuleStanding | null;
  readonly release: (() => void) | null;
  /** Whose accounts they are. */
  readonly caller: string;
}

/** A rule that is about a call: whose account it takes from, and how much. */
export interface Charge {
  readonly index: number;
  readonly rule: Rule;
  readonly key: string;
  readonly cost: number;
}

/** Tells which of the rules are about a call. */
export class Charges {
  readonly #of: readonly ((call: CallContext) => Charge | null)[];

  constructor(rules: readonly Rule[]) {
    this.#of = rules.map((rule, index) => {
      const [key, cost] = [keyOfBy(rule.by), costOf(rule.cost)];
      return (call) => {
        const of = key(call);
        return of === null ? null : { index, rule, key: of, cost: cost(call) };
      };
    });
  }

  of(call: CallContext): Charge[] {
    return this.#of.flatMap((charge) => charge(call) ?? []);
  }
}

/** Whose accounts they are. */
export const callerOf = (charges: readonly Charge[]): string =>
  charges.map(({ index, key }) => `${index} ${key}\n`).join("");

/** What follows of how a caller stands: `before` a call that is refused, after one that is not. */
export function rulingOf(
  charges: readonly Charge[],
  told: readonly Standing[],
  { admitted, release }: Pick<Ruling, "admitted" | "release">,
): Ruling {
  const standings = charges.map(({ cost, rule: { algorithm, name } }, i): RuleStanding => ({
    ...told[i]!,
    name,
    kind: algorithm.kind,
    windowNs: windowNsOf(algorithm),
    cost,
  }));
  const shareLeft = ({ limit, remaining }: Standing): number => remaining / limit;
  const tightest = admitted
    ? standings.toSorted((a, b) => shareLeft(a) - shareLeft(b))[0]
    : standings.filter(({ allowed }) => !allowed).toSorted((a, b) => b.waitNs - a.waitNs)[0];
  return { admitted, standings, tightest: tightest ?? null, release, caller: callerOf(charges) };
}

/**
 * Callers that are remembered for each rule. Beyond, the one that was not seen for longest is
 * forgotten, and would begin with a full account.
 */
const CALLERS_MAX = 100_000;

class KeyedAccounts {
  readonly #make: MakeAccount;
  readonly #accounts = recent<Account>(CALLERS_MAX);

  constructor(rule: Rule, wallNsAt: (nowNs: number) => number) {
    this.#make = makeAccounts(rule.algorithm, wallNsAt);
  }

  account(key: string): Account {
    let account = this.#accounts.get(key);
    if (account === undefined) this.#accounts.set(key, (account = this.#make()));
    return account;
  }
}

/** Rules that must all admit a call; when one refuses, nothing is taken from any. */
export class Rules {
  readonly #charges: Charges;
  readonly #keyed: readonly KeyedAccounts[];

  constructor(rules: readonly Rule[], wallNsAt: (nowNs: number) => number) {
    this.#charges = new Charges(rules);
    this.#keyed = rules.map((rule) => new KeyedAccounts(rule, wallNsAt));
  }

  rule(call: CallContext, nowNs: number): Ruling {
    const charges = this.#charges.of(call);
    const accounts = charges.map(({ index, key }) => this.#keyed[index]!.account(key));
    const look = (): Standing[] =>
      accounts.map((account, i) => account.look(nowNs, charges[i]!.cost));
    const before = look();
    if (before.some(({ allowed }) => !allowed)) {
      return rulingOf(charges, before, { admitted: false, release: null });
    }
    for (const [i, account] of accounts.entries()) account.take(nowNs, charges[i]!.cost);
    const given = accounts.filter((account) => account.give !== undefined);
    const release = given.length === 0 ? null : () => given.forEach((account) => account.give?.());
    return rulingOf(charges, look(), { admitted: true, release });
  }
}
