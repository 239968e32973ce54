import { NS_PER_S } from "../../../core/index.ts";
import type { CallContext } from "../../model.ts";
import { recent } from "../recent.ts";
import {
  callerOf,
  type Charge,
  Charges,
  type Rule,
  Rules,
  type Ruling,
  rulingOf,
} from "../rules.ts";
import type { Standing } from "../standing.ts";
import type { SharedLedger } from "./ledger.ts";
import { partOf } from "./script.ts";

export interface SharedRulesParts {
  readonly rules: readonly Rule[];
  readonly ledger: SharedLedger;
  /** Of the limit, the same at every emulator. */
  readonly name: string;
  readonly wallNsAt: (nowNs: number) => number;
}

interface Refused {
  readonly atNs: number;
  readonly untilNs: number;
  readonly standings: readonly Standing[];
}

const REFUSED_MAX = 10_000;
/** A Redis that forgets all has nothing to say against a call; who was refused asks again after this. */
const REFUSED_NS_MAX = NS_PER_S;

/**
 * Rules whose accounts several emulators take from. Who is refused is refused for as long as Redis has
 * said, at once: others can only take more until then. While Redis does not answer, each emulator goes
 * by an equal part of every limit.
 */
export class SharedRules {
  readonly #parts: SharedRulesParts;
  readonly #charges: Charges;
  readonly #alone: Rules;
  readonly #refused = recent<Refused>(REFUSED_MAX);

  constructor(parts: SharedRulesParts) {
    const { ledger, rules, wallNsAt } = parts;
    this.#parts = parts;
    this.#charges = new Charges(rules);
    const part = rules.map((rule) => ({
      ...rule,
      algorithm: partOf(rule.algorithm, ledger.emulators),
    }));
    this.#alone = new Rules(part, wallNsAt);
  }

  /** Never rejects. */
  async rule(call: CallContext, nowNs: number): Promise<Ruling> {
    const { ledger, name } = this.#parts;
    const charges = this.#charges.of(call);
    if (charges.length === 0) return rulingOf([], [], { admitted: true, release: null });
    const asked = `${callerOf(charges)}${charges.map(({ cost }) => cost).join(" ")}`;
    const known = this.#refused.get(asked);
    if (known !== undefined && nowNs < known.untilNs) return stillRefused(charges, known, nowNs);
    const answer = await ledger.ask(name, charges);
    if (answer === null) return this.#alone.rule(call, nowNs);
    const { admitted, standings } = answer;
    if (admitted) {
      const holds = charges.some(({ rule }) => rule.algorithm.kind === "concurrency");
      const release = holds ? () => ledger.giveBack(name, charges) : null;
      return rulingOf(charges, standings, { admitted, release });
    }
    this.#remember(asked, standings, nowNs);
    return rulingOf(charges, standings, { admitted, release: null });
  }

  /** Of calls in flight nobody knows when one ends: of those it is asked each time. */
  #remember(asked: string, standings: readonly Standing[], nowNs: number): void {
    const waitNs = Math.max(...standings.map(({ allowed, waitNs: each }) => (allowed ? 0 : each)));
    if (waitNs === 0) return;
    const untilNs = nowNs + Math.min(waitNs, REFUSED_NS_MAX);
    this.#refused.set(asked, { atNs: nowNs, untilNs, standings });
  }
}

function stillRefused(
  charges: readonly Charge[],
  { atNs, standings }: Refused,
  nowNs: number,
): Ruling {
  const passedNs = nowNs - atNs;
  const now = standings.map((standing) => ({
    ...standing,
    resetNs: Math.max(standing.resetNs - passedNs, 0),
    waitNs: Math.max(standing.waitNs - passedNs, 0),
  }));
  return rulingOf(charges, now, { admitted: false, release: null });
}
