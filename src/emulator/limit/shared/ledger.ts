import type { Redis } from "ioredis";
import {
  type Clock,
  type Deadlines,
  messageOf,
  NS_PER_MS,
  ShakedownError,
} from "../../../core/index.ts";
import type { Standing } from "../standing.ts";
import type { Charge } from "../rules.ts";
import { ADMIT, GIVE, mostOf, scripted } from "./script.ts";

/** Where emulators that serve one dependency together keep its limits. Can be sent to a thread. */
export interface LimitSharing {
  readonly redis: string;
  /** For a URL without one. */
  readonly password?: string;
  /** What the keys begin with. */
  readonly prefix: string;
  /** How many there are, and which of them this is, from 0. */
  readonly emulators: number;
  readonly place: number;
}

/** How long a call waits for Redis; then it is decided without it. */
export const ANSWER_WITHIN_NS = 50 * NS_PER_MS;
/** For so long after an answer that did not come nobody is asked. */
const AWAY_NS = 200 * NS_PER_MS;
const CONNECT_WITHIN_MS = 5_000;

/** What Redis said to one call. */
export interface LedgerAnswer {
  /** When, by Redis' clock, in µs since 1970. */
  readonly nowUs: number;
  readonly admitted: boolean;
  readonly standings: readonly Standing[];
}

type Scripts = Redis & {
  admitCall(keys: number, ...rest: readonly (string | number)[]): Promise<readonly string[]>;
  giveBack(key: string): Promise<number>;
};

interface Around {
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  /** Of calls: each that asks, and each of them that is decided without Redis. */
  readonly count: (what: "asked" | "alone") => void;
}

/** Accounts that several emulators take from, in Redis. */
export class SharedLedger {
  /** How many emulators share them. */
  readonly emulators: number;
  readonly #redis: Scripts;
  readonly #prefix: string;
  readonly #around: Around;
  /** What was in flight and could not be given back yet. */
  readonly #owed: string[] = [];
  #awayUntilNs = Number.NEGATIVE_INFINITY;

  private constructor(redis: Scripts, { emulators, prefix }: LimitSharing, around: Around) {
    this.#redis = redis;
    this.#prefix = prefix;
    this.#around = around;
    this.emulators = emulators;
  }

  /** @throws EMULATOR_FAILED when it cannot be used */
  static async connect(sharing: LimitSharing, around: Around): Promise<SharedLedger> {
    const { Redis: Connection } = await import("ioredis");
    const { password, redis: url } = sharing;
    let usable = false;
    const redis = new Connection(url, {
      lazyConnect: true,
      connectTimeout: CONNECT_WITHIN_MS,
      enableAutoPipelining: true,
      // What Redis does not take now is decided without it: nothing waits for a connection.
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      autoResendUnfulfilledCommands: false,
      retryStrategy: () => (usable ? 100 : null),
      ...(new URL(url).password === "" && password !== undefined ? { password } : {}),
    }) as Scripts;
    redis.on("error", () => {});
    redis.defineCommand("admitCall", { lua: ADMIT });
    redis.defineCommand("giveBack", { lua: GIVE, numberOfKeys: 1 });
    try {
      await redis.connect();
      await redis.ping();
      usable = true;
    } catch (cause) {
      redis.disconnect();
      const message = `the Redis in which limits are shared cannot be used: ${messageOf(cause)}`;
      throw new ShakedownError("EMULATOR_FAILED", message, { cause });
    }
    return new SharedLedger(redis, sharing, around);
  }

  /** Null where Redis has not said it in time. What it then took for nothing, it gets back. Never rejects. */
  async ask(name: string, charges: readonly Charge[]): Promise<LedgerAnswer | null> {
    const { clock, count, deadlines } = this.#around;
    count("asked");
    if (clock.nowNs() < this.#awayUntilNs) {
      count("alone");
      return null;
    }
    const late = Promise.withResolvers<null>();
    const due = deadlines.at(clock.nowNs() + ANSWER_WITHIN_NS, () => late.resolve(null));
    const asking = this.#ask(name, charges);
    const answer = await Promise.race([asking, late.promise]);
    deadlines.cancel(due);
    if (answer !== null) return answer;
    count("alone");
    this.#awayUntilNs = clock.nowNs() + AWAY_NS;
    void asking.then((told) => {
      if (told?.admitted === true) this.giveBack(name, charges);
    });
    return null;
  }

  /** A call has ended: what counts those in flight has one less. */
  giveBack(name: string, charges: readonly Charge[]): void {
    for (const charge of charges) {
      if (charge.rule.algorithm.kind === "concurrency") void this.#give(this.#keyOf(name, charge));
    }
  }

  close(): void {
    this.#redis.disconnect();
  }

  #keyOf(name: string, { index, key }: Charge): string {
    return `${this.#prefix}:${name}:${index}:${key}`;
  }

  async #ask(name: string, charges: readonly Charge[]): Promise<LedgerAnswer | null> {
    const keys = charges.map((charge) => this.#keyOf(name, charge));
    const args = charges.flatMap(({ cost, rule }) => [...scripted(rule.algorithm), cost]);
    try {
      const [nowUs, admitted, ...told] = await this.#redis.admitCall(keys.length, ...keys, ...args);
      for (const key of this.#owed.splice(0)) void this.#give(key);
      return {
        nowUs: Number(nowUs),
        admitted: admitted === "1",
        standings: standingsOf(charges, told),
      };
    } catch {
      return null;
    }
  }

  async #give(key: string): Promise<void> {
    try {
      await this.#redis.giveBack(key);
    } catch {
      this.#owed.push(key);
    }
  }
}

const US_TO_NS = 1e3;
const VALUES = 4;

function standingsOf(charges: readonly Charge[], told: readonly string[]): Standing[] {
  return charges.map(({ rule }, i) => {
    const [allowed, remaining, resetUs, waitUs] = told
      .slice(i * VALUES, (i + 1) * VALUES)
      .map(Number) as [number, number, number, number];
    return {
      allowed: allowed === 1,
      limit: mostOf(rule.algorithm),
      remaining,
      resetNs: resetUs * US_TO_NS,
      waitNs: waitUs < 0 ? Number.POSITIVE_INFINITY : waitUs * US_TO_NS,
    };
  });
}
