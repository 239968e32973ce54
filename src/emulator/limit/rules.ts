import { LRUCache } from "lru-cache";
import type { z } from "zod";
import type { CallContext } from "../model.ts";
import { type AlgorithmSpec, makeAccounts, windowNsOf } from "./algorithm/index.ts";
import { costOf, type costSchema, type KeyOf, keyOfBy } from "./keys.ts";
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

/**
 * Callers that are remembered for each rule. Beyond, the one that was not seen for longest is
 * forgotten, and would begin with a full account.
 */
const CALLERS_MAX = 100_000;

class KeyedAccounts {
  readonly rule: Rule;
  readonly windowNs: number | null;
  readonly keyOf: KeyOf;
  readonly costOf: (call: CallContext) => number;
  readonly #make: MakeAccount;
  readonly #accounts = new LRUCache<string, Account>({ max: CALLERS_MAX });

  constructor(rule: Rule, wallNsAt: (nowNs: number) => number) {
    this.rule = rule;
    this.windowNs = windowNsOf(rule.algorithm);
    this.keyOf = keyOfBy(rule.by);
    this.costOf = costOf(rule.cost);
    this.#make = makeAccounts(rule.algorithm, wallNsAt);
  }

  account(key: string): Account {
    let account = this.#accounts.get(key);
    if (account === undefined) this.#accounts.set(key, (account = this.#make()));
    return account;
  }
}

interface Looked {
  readonly of: KeyedAccounts;
  readonly account: Account;
  readonly cost: number;
}

/** Rules that must all admit a call; when one refuses, nothing is taken from any. */
export class Rules {
  readonly #keyed: readonly KeyedAccounts[];

  constructor(rules: readonly Rule[], wallNsAt: (nowNs: number) => number) {
    this.#keyed = rules.map((rule) => new KeyedAccounts(rule, wallNsAt));
  }

  rule(call: CallContext, nowNs: number): Ruling {
    const looked: Looked[] = [];
    let caller = "";
    for (const [index, of] of this.#keyed.entries()) {
      const key = of.keyOf(call);
      if (key === null) continue;
      caller += `${index} ${key}\n`;
      looked.push({ of, account: of.account(key), cost: of.costOf(call) });
    }
    const before = looked.map((each) => standingOf(each, nowNs));
    if (before.some(({ allowed }) => !allowed)) {
      const refusing = before.filter(({ allowed }) => !allowed);
      const tightest = refusing.toSorted((a, b) => b.waitNs - a.waitNs)[0]!;
      return { admitted: false, standings: before, tightest, release: null, caller };
    }
    for (const { account, cost } of looked) account.take(nowNs, cost);
    const standings = looked.map((each) => standingOf(each, nowNs));
    const shareLeft = ({ limit, remaining }: Standing): number => remaining / limit;
    const tightest = standings.toSorted((a, b) => shareLeft(a) - shareLeft(b))[0] ?? null;
    const given = looked.filter(({ account }) => account.give !== undefined);
    const release =
      given.length === 0 ? null : () => given.forEach(({ account }) => account.give?.());
    return { admitted: true, standings, tightest, release, caller };
  }
}

function standingOf({ account, cost, of }: Looked, nowNs: number): RuleStanding {
  const { algorithm, name } = of.rule;
  const standing = account.look(nowNs, cost);
  return { ...standing, name, kind: algorithm.kind, windowNs: of.windowNs, cost };
}
