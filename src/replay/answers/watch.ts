import { keyedDraw } from "../../core/index.ts";
import type { NotCompared, ResponsePair } from "../../measure/index.ts";
import type { IntendedStart } from "../../schedule/index.ts";
import type { Exchange } from "../exchange.ts";
import { type Answer, compareAnswers, type NoAnswer } from "./compare.ts";
import { Ignored } from "./ignore.ts";
import { isRepeat, isRepeated, plannedSeq } from "./repeats.ts";
import type { ResponseRules } from "./rules.ts";

export interface AnswerWatchOptions {
  readonly rules: ResponseRules;
  readonly seed: string;
  readonly arms: number;
  /** Of the run, by index: `GET /product/:id`. */
  readonly routes: readonly string[];
  readonly onPair: (pair: ResponsePair) => void;
  /** Of answers that wait for another, body and headers (64 MiB unless given). */
  readonly keptBytesMax?: number;
}

const KEPT_BYTES_MAX = 64 * 1_024 * 1_024;
/** Starts of which an answer is still to come. */
const OPEN_MAX = 10_000;
/** Of each field of a route, so many pairs bring their values. */
const EXAMPLES = 2;
/** Of all routes: what else differs is told as `(other fields)`. */
const FIELDS_MAX = 2_000;
const OTHER_FIELDS = "(other fields)";

/** `null`: not sent, so there is nothing to be said of it. */
type Came = Answer | NoAnswer | null;

/** One start whose answers are compared, until all have come. */
interface Open {
  readonly atNs: number;
  readonly route: number;
  control: Came | undefined;
  /** By arm, those that came before control's; place 0 is the repeat's. */
  readonly early: Map<number, Came>;
  missing: number;
  bytes: number;
}

/** Whether answers to requests of a route may be compared, given the methods. */
export function comparableRoutes(
  routes: readonly string[],
  methods: readonly string[],
): readonly boolean[] {
  return routes.map((route) => methods.includes(route.split(" ", 1)[0] ?? ""));
}

/**
 * Compares what the arms answer to the same start, and what control answers to the same request
 * again, as soon as both have come. Bodies are kept until then and no longer; what does not fit
 * into the bound is told as not kept.
 */
export class AnswerWatch {
  readonly #options: AnswerWatchOptions;
  readonly #ignored: Ignored;
  readonly #comparable: readonly boolean[];
  readonly #open = new Map<number, Open>();
  /** How often each field of a route has differed, up to the number of examples. */
  readonly #seen = new Map<string, number>();
  #bytes = 0;

  constructor(options: AnswerWatchOptions) {
    this.#options = options;
    this.#ignored = new Ignored(options.rules.ignore);
    this.#comparable = comparableRoutes(options.routes, options.rules.methods);
  }

  /** Whether an arm's answer to a start is to be kept for comparing. */
  wants(arm: number, { intendedNs, seq }: IntendedStart, route: number): boolean {
    const start = plannedSeq(seq);
    if (this.#comparable[route] !== true || (isRepeat(seq) && arm !== 0)) return false;
    if (this.#open.has(start)) return true;
    // Its own start has been and gone.
    if (isRepeat(seq)) return false;
    const { arms, rules, seed } = this.#options;
    const repeated = isRepeated(seed, start, rules.repeat);
    if (!repeated && keyedDraw(seed, "responses", start).uniform("sample") >= rules.sample) {
      return false;
    }
    const missing = arms + (repeated ? 1 : 0);
    this.#open.set(start, {
      atNs: intendedNs,
      route,
      control: undefined,
      early: new Map(),
      missing,
      bytes: 0,
    });
    if (this.#open.size > OPEN_MAX) this.#forget(this.#open.keys().next().value!);
    return true;
  }

  /** An answer that was wanted. */
  answered({ arm, responseBody, responseHeaders, seq, status }: Exchange): void {
    const headers = responseHeaders ?? [];
    this.#came(arm, seq, { status, headers, body: responseBody });
  }

  failed({ arm, seq }: Exchange, error: string): void {
    this.#came(arm, seq, { error });
  }

  /** A start that was wanted and was not sent. */
  dropped(arm: number, seq: number): void {
    this.#came(arm, seq, null);
  }

  #came(arm: number, seq: number, answer: Came): void {
    const start = plannedSeq(seq);
    const open = this.#open.get(start);
    if (open === undefined) return;
    open.missing--;
    if (arm === 0 && !isRepeat(seq)) {
      open.control = answer;
      for (const [other, early] of open.early) this.#pair(start, open, other, early);
      open.early.clear();
    } else if (open.control === undefined) open.early.set(arm, answer);
    else this.#pair(start, open, arm, answer);
    if (open.missing === 0) this.#forget(start);
    else this.#keep(start, open, answer);
  }

  #keep(start: number, open: Open, answer: Came): void {
    const bytes = answer !== null && "body" in answer ? bytesOf(answer) : 0;
    open.bytes += bytes;
    this.#bytes += bytes;
    const { keptBytesMax = KEPT_BYTES_MAX } = this.#options;
    if (this.#bytes > keptBytesMax) this.#forget(start);
  }

  /** Nothing more is compared of it; what waited in vain is told. */
  #forget(start: number): void {
    const open = this.#open.get(start);
    if (open === undefined) return;
    this.#open.delete(start);
    this.#bytes -= open.bytes;
    for (const arm of open.early.keys()) this.#tell(start, open, arm, { skipped: "not-kept" });
  }

  #pair(start: number, open: Open, arm: number, answer: Came): void {
    if (open.control === undefined || open.control === null || answer === null) {
      return this.#tell(start, open, arm, { skipped: "not-kept" });
    }
    const { differences, skipped } = compareAnswers(open.control, answer, this.#ignored);
    const fields: string[] = [];
    const examples: [string, string, string][] = [];
    for (const { control, field, other } of differences) {
      const known = this.#known(`${arm === 0 ? "again" : arm} ${open.route} ${field}`);
      fields.push(known === null ? OTHER_FIELDS : field);
      if (known !== null && known <= EXAMPLES) examples.push([field, control, other]);
    }
    this.#tell(start, open, arm, {
      fields: [...new Set(fields)],
      ...(skipped === undefined ? {} : { skipped }),
      ...(examples.length === 0 ? {} : { examples }),
    });
  }

  /** How often it has been seen, this time included; null for one too many. */
  #known(key: string): number | null {
    const seen = this.#seen.get(key) ?? 0;
    if (seen === 0 && this.#seen.size >= FIELDS_MAX) return null;
    this.#seen.set(key, seen + 1);
    return seen + 1;
  }

  #tell(
    start: number,
    { atNs, route }: Open,
    arm: number,
    what: { skipped?: NotCompared; fields?: string[]; examples?: [string, string, string][] },
  ): void {
    this.#options.onPair({ arm, seq: 2 * start, atNs, route, fields: [], ...what });
  }
}

function bytesOf({ body, headers }: Answer): number {
  return (body?.length ?? 0) + headers.reduce((sum, text) => sum + text.length, 0);
}
