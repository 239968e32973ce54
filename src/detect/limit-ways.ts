import { formatCount, formatRatio } from "../core/index.ts";
import type { Counted, More } from "./beside.ts";
import type { Evidence, Finding, RequestRow } from "./detector.ts";
import { quantile } from "./join.ts";
import type { LimitReading } from "./limit-reading.ts";

const RULE = {
  /** Retries after a refusal that said how long to wait; of these, those that came too early. */
  told: 50,
  earlyRatio: 0.2,
  /** Moments at which a limit is back, and calls just after them, beside the mean. */
  resets: 3,
  herdRatio: 2.5,
  herdFactor: 1.5,
  /** Calls that are refused a second time and more, as a share of all, and beside control's share. */
  refusedAgain: 50,
  wasteRatio: 0.2,
  wasteFactor: 1.5,
  /** Beside a control that has less, none of it is chance. */
  noWasteRatio: 0.05,
  /** Share of the limit that is used by an arm that stays away, and how much more control uses. */
  usedRatio: 0.6,
  usedFactor: 1.3,
  /** Requests that it cannot serve, beyond control's; those that take so many times control's p90 count. */
  slowFactor: 2,
  poorRatio: 0.05,
} as const;

/** Both arms before one limit, in one stage. */
export interface Judged {
  readonly evidence: Evidence;
  readonly arm: number;
  readonly own: LimitReading;
  readonly control: LimitReading;
}

/** One way to get on badly with a limit, and what tells of it beside control. */
export interface Way {
  /** Of either arm by itself: `limitPerSec` is what the limit lets through, where that shows. */
  readonly isSick: (reading: LimitReading, limitPerSec: number | null) => boolean;
  /** Whether it is so much more than control's that it is something else; any more, unless given. */
  readonly isOther?: (judged: Judged, more: More) => boolean;
  /** Which call a call repeats has to be known, of both arms. */
  readonly byIdentity?: true;
  readonly what: string;
  readonly counted: (judged: Judged) => { readonly own: Counted[]; readonly control: Counted[] };
  readonly cause: (name: string) => string;
  readonly words: (name: string, judged: Judged) => string;
  readonly cure: string;
  readonly size: (judged: Judged) => NonNullable<Finding["size"]>;
}

const ratio = (some: number, of: number): number => some / Math.max(of, 1);
const earlyRatio = ({ early, told }: LimitReading): number => ratio(early, told);
const wasteOf = ({ calls, refusedAgain }: LimitReading): number => ratio(refusedAgain, calls);
export const refusedOf = ({ calls, limited }: LimitReading): number => ratio(limited, calls);

const of =
  (ones: "earlyOnes" | "herdOnes" | "refusedAgainOnes"): Way["counted"] =>
  ({ control, own }) => ({ own: [...own[ones]], control: [...control[ones]] });

/** What the limit lets through, a second, as the arm shows that is refused most; null where neither does. */
export const limitOf = (own: LimitReading, control: LimitReading): number | null =>
  (own.refusing > control.refusing ? own : control).limitPerSec;

export function usedOf(reading: LimitReading, limitPerSec: number | null): number {
  return limitPerSec === null || limitPerSec === 0
    ? Number.NaN
    : reading.acceptedPerSec / limitPerSec;
}

const serviceNs = ({ endNs, startNs }: RequestRow): number => endNs - startNs;

/** Requests of both arms, and which of them were served poorly: failed, or long beside control's. */
function poorlyServed({ arm, evidence, own: { stage } }: Judged): ReturnType<Way["counted"]> {
  const within = (side: number): readonly RequestRow[] =>
    evidence
      .requests(side)
      .filter(({ intendedNs }) => intendedNs >= stage.fromNs && intendedNs < stage.toNs);
  const longNs = RULE.slowFactor * quantile(within(0).map(serviceNs), 0.9);
  const poor = (request: RequestRow): boolean =>
    request.status === 0 ||
    request.status === 429 ||
    request.status >= 500 ||
    serviceNs(request) > longNs;
  const counted = (side: number): Counted[] =>
    within(side).map((each) => ({
      atNs: each.intendedNs,
      numerator: poor(each) ? 1 : 0,
      denominator: 1,
    }));
  return { own: counted(arm), control: counted(0) };
}

/** The plainest first. */
export const WAYS: readonly Way[] = [
  {
    isSick: (own) => own.told >= RULE.told && earlyRatio(own) >= RULE.earlyRatio,
    byIdentity: true,
    what: "retries that came too early",
    counted: of("earlyOnes"),
    cause: (name) => `${name} is called again before Retry-After`,
    words: (name, { control, own }) =>
      `${formatRatio(earlyRatio(own))} of the ${formatCount(own.told)} retries that ${name} told to wait came before that ` +
      `(control ${formatCount(control.early)} of ${formatCount(control.told)})`,
    cure: "waiting as long as Retry-After says, with jitter, or not trying again",
    size: ({ own }) => ({
      what: "retries that came too early",
      value: earlyRatio(own),
      unit: "of those told to wait",
    }),
  },
  {
    isSick: (own) => own.resets >= RULE.resets && own.herdRatio >= RULE.herdRatio,
    isOther: ({ control, own }, { shown }) =>
      shown && !(own.herdRatio < RULE.herdFactor * control.herdRatio),
    what: "calls just after a limit is back",
    counted: of("herdOnes"),
    cause: (name) => `a herd calls ${name} when its limit is back`,
    words: (name, { control, own }) =>
      `just after the ${formatCount(own.resets)} moments at which ${name} let refused callers come again, ` +
      `${own.herdRatio.toFixed(1)} × as many calls as usual arrive (control ${timesWords(control.herdRatio)})`,
    cure: "jitter on top of Retry-After, or a queue that spreads calls over the limit's time",
    size: ({ own }) => ({
      what: "calls in the 100 ms after a limit is back, beside the mean",
      value: own.herdRatio,
      unit: "×",
    }),
  },
  {
    isSick: (own) => own.refusedAgain >= RULE.refusedAgain && wasteOf(own) >= RULE.wasteRatio,
    isOther: ({ control, own }, { shown }) =>
      (shown || wasteOf(control) < RULE.noWasteRatio) &&
      wasteOf(own) >= RULE.wasteFactor * wasteOf(control),
    byIdentity: true,
    what: "calls that are refused again",
    counted: of("refusedAgainOnes"),
    cause: (name) => `calls to ${name} are spent on being refused again`,
    words: (name, { control, own }) =>
      `${formatRatio(wasteOf(own))} of the calls to ${name} are retries that are refused again ` +
      `(control ${formatRatio(wasteOf(control))})`,
    cure: "a limit of the caller's own below the dependency's, and a budget for retries",
    size: ({ own }) => ({
      what: "calls that are refused again",
      value: wasteOf(own),
      unit: "of all calls",
    }),
  },
  {
    isSick: (own, limit) => own.limited > 0 && usedOf(own, limit) < RULE.usedRatio,
    isOther: ({ control, own }, { effect, shown }) =>
      control.acceptedPerSec >= RULE.usedFactor * own.acceptedPerSec &&
      shown &&
      (effect?.estimate ?? 0) >= RULE.poorRatio,
    what: "requests that fail or wait",
    counted: poorlyServed,
    cause: (name) => `${name} is used far below its limit`,
    words: (name, { control, own }) =>
      `${formatRatio(usedOf(own, limitOf(own, control)))} of what ${name} lets through is used ` +
      `(control ${formatRatio(usedOf(control, limitOf(own, control)))}), and requests fail or wait`,
    cure: "coming again when Retry-After says, and no later",
    size: ({ control, own }) => ({
      what: "used of the limit",
      value: usedOf(own, limitOf(own, control)),
      unit: "of what it lets through",
    }),
  },
];

const timesWords = (times: number): string =>
  Number.isFinite(times) ? `${times.toFixed(1)} ×` : "none";
