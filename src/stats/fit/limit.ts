import {
  bucketLoad,
  firstCallWindowLoad,
  inFlightLoad,
  type LimitedCalls,
  type Load,
  slidingWindowLoad,
  windowLoad,
} from "./limit-load.ts";

/** A limit on how often, or how much at once, calls are admitted. */
export type LimitLaw =
  | { readonly kind: "token-bucket"; readonly ratePerSec: number; readonly burst: number }
  | {
      readonly kind: "fixed-window";
      readonly limit: number;
      readonly windowUs: number;
      readonly begins: "clock" | "first-call";
    }
  | { readonly kind: "sliding-window"; readonly limit: number; readonly windowUs: number }
  | { readonly kind: "concurrency"; readonly max: number };

/** What refusals imply. */
export interface LimitFit {
  readonly calls: number;
  readonly refused: number;
  /** The limit that explains best which calls were refused; null with too few to look for one. */
  readonly law: LimitLaw | null;
  /**
   * In what was not fitted: of the calls that the law refuses, the share that were; and of those
   * that were, the share that it refuses.
   */
  readonly precision: number;
  readonly recall: number;
  /** Whether the law can be believed: otherwise something else refuses calls. */
  readonly told: boolean;
}

/** Refusals, and calls that are admitted, below which no limit is looked for. */
export const LIMIT_CALLS_MIN = 20;
const CALLS_MAX = 30_000;
/** A law must be right about this share, of what it refuses and of what was refused. */
const RIGHT_MIN = 0.8;
/** And wrong at most so often as who says of all calls what became of most of them. */
const WRONG_MAX = 1 / 3;
const PARTS = 10;
const RATES = 48;
const FINER = [16, 16, 16] as const;
/** A bucket's limit is looked for in such steps: networks shift what arrives by a little. */
const STEPS_PER_CALL = 16;
const [MS, S, MINUTE, HOUR] = [1e3, 1e6, 60e6, 3600e6];
/** The windows that people give limits; others are found as the bucket that is nearest. */
const WINDOWS_US: readonly number[] = [
  ...[100, 200, 250, 500].map((count) => count * MS),
  ...[1, 2, 5, 10, 15, 20, 30].map((count) => count * S),
  ...[1, 2, 5, 10, 15, 30].map((count) => count * MINUTE),
  ...[1, 6, 12, 24].map((count) => count * HOUR),
];

/** 1: the call counts. */
type Mask = Uint8Array;

/** Every second part, or all. */
const maskOf = (calls: number, parity: 0 | 1 | null): Mask =>
  Uint8Array.from({ length: calls }, (_, i) =>
    parity === null || Math.floor((i * PARTS) / calls) % 2 === parity ? 1 : 0,
  );

interface Split {
  readonly limit: number;
  /** Calls that are got wrong when up to `limit` is admitted. */
  readonly wrong: number;
}

/**
 * The limit that parts the loads of admitted and refused calls best; the least of equals.
 * @param steps that a limit of one call more is made of: 1 for whole numbers
 */
function bestLimit(load: Load, refused: Uint8Array, mask: Mask, steps = 1): Split {
  let most = 1;
  for (const value of load) if (value > most) most = value;
  const balance = new Int32Array(Math.ceil(most * steps) + 1);
  let wrong = 0;
  for (let i = 0; i < load.length; i++) {
    if (mask[i] === 0) continue;
    wrong += 1 - refused[i]!;
    // What has just drained is there, whatever the last bit says.
    balance[Math.ceil(load[i]! * steps - 1e-6)]! += 2 * refused[i]! - 1;
  }
  let best: Split = { limit: 1, wrong: Infinity };
  for (let step = 1; step < balance.length; step++) {
    wrong += balance[step]!;
    if (step >= steps && wrong < best.wrong) best = { limit: step / steps, wrong };
  }
  return best;
}

interface Reading {
  readonly load: Load;
  readonly split: Split;
  readonly law: (limit: number) => LimitLaw;
}

const round = (value: number, digits: number): number => Number(value.toPrecision(digits));

/** The roundest number between two, about in the middle. */
function roundest(low: number, high: number): number {
  const middle = (low + high) / 2;
  for (let digits = 1; digits <= 3; digits++) {
    const rounded = round(middle, digits);
    if (rounded >= low && rounded <= high) return rounded;
  }
  return round(middle, 4);
}

/** Rates between which a bucket's lies: what passes while it is empty, and the most that ever did. */
function rateBounds({ atUs, refused }: LimitedCalls): readonly [low: number, high: number] {
  const first = refused.indexOf(1);
  const last = refused.lastIndexOf(1);
  const spanUs = Math.max(atUs[last]! - atUs[first]!, 1);
  let [all, since, sinceUs, high] = [0, 0, atUs[first]!, 0];
  for (let i = first; i <= last; i++) {
    if (refused[i] === 0) {
      all++;
      since++;
    } else if (since >= LIMIT_CALLS_MIN) {
      high = Math.max(high, (since / Math.max(atUs[i]! - sinceUs, 1)) * 1e6);
      [since, sinceUs] = [0, atUs[i]!];
    }
  }
  const low = (Math.max(all, 1) / spanUs) * 1e6;
  return [low / 2, Math.max(high * 1.5, low * 4)];
}

/** The bucket's rate by a grid that is made finer around the best, down to where nothing changes. */
function bucketReading(calls: LimitedCalls, mask: Mask): Reading {
  const splitOf = (load: Load): Split => bestLimit(load, calls.refused, mask, STEPS_PER_CALL);
  const wrongAt = (rate: number): number => splitOf(bucketLoad(calls, rate)).wrong;
  let [low, high] = rateBounds(calls);
  for (const count of [RATES, ...FINER]) {
    const step = (high / low) ** (1 / count);
    const rates = Array.from({ length: count + 1 }, (_, i) => low * step ** i);
    const wrongs = rates.map(wrongAt);
    const least = Math.min(...wrongs);
    const from = wrongs.indexOf(least);
    let to = from;
    while (wrongs[to + 1] === least) to++;
    [low, high] = [rates[Math.max(from - 1, 0)]!, rates[Math.min(to + 1, count)]!];
  }
  const ratePerSec = roundest(low, high);
  const load = bucketLoad(calls, ratePerSec);
  return {
    load,
    split: splitOf(load),
    law: (limit) => ({ kind: "token-bucket", ratePerSec, burst: Math.round(limit) }),
  };
}

/** Calls that were admitted after one that was refused: between the two something was given back. */
interface Return {
  readonly refusedUs: number;
  readonly admittedUs: number;
}

/** The one of which it is known best when it was comes first. */
function returnsIn({ atUs, refused }: LimitedCalls): Return[] {
  const found: Return[] = [];
  for (let i = 1; i < atUs.length; i++) {
    if (refused[i] === 1 || refused[i - 1] === 0) continue;
    found.push({ refusedUs: atUs[i - 1]!, admittedUs: atUs[i]! });
  }
  const gapUs = ({ admittedUs, refusedUs }: Return): number => admittedUs - refusedUs;
  return found.toSorted((a, b) => gapUs(a) - gapUs(b));
}

/** When windows begin, as near as all returns together say. */
function beginOf(returns: readonly Return[], windowUs: number): number {
  const about = returns[0]!.admittedUs;
  let [low, high] = [-Infinity, Infinity];
  for (const { admittedUs, refusedUs } of returns) {
    const sinceUs = Math.round((admittedUs - about) / windowUs) * windowUs;
    low = Math.max(low, refusedUs - sinceUs);
    high = Math.min(high, admittedUs - sinceUs);
  }
  return (low + high) / 2;
}

/** None where nothing was seen to be given back: windows that began by the clock would do so. */
function beginsOf(returns: readonly Return[], windowUs: number): number[] {
  if (returns.length === 0) return [];
  return [beginOf(returns, windowUs), ...returns.slice(0, 6).map((one) => one.admittedUs)];
}

function windowReadings(calls: LimitedCalls, mask: Mask): Reading[] {
  const { atUs, refused } = calls;
  const spanUs = atUs.at(-1)! - atUs[0]!;
  const made = (load: Load, law: Reading["law"]): Reading => ({
    load,
    split: bestLimit(load, refused, mask),
    law,
  });
  const returns = returnsIn(calls);
  const windows = WINDOWS_US.filter(
    (windowUs) => windowUs <= spanUs / 3 && windowUs >= (2 * spanUs) / atUs.length,
  );
  return windows.flatMap((windowUs) => [
    // One return may be a chance one, that comes of something else; all of them seldom agree then.
    ...beginsOf(returns, windowUs).map((fromUs) =>
      made(windowLoad(calls, windowUs, fromUs), (limit) => ({
        kind: "fixed-window",
        limit,
        windowUs,
        begins: "clock",
      })),
    ),
    made(firstCallWindowLoad(calls, windowUs), (limit) => ({
      kind: "fixed-window",
      limit,
      windowUs,
      begins: "first-call",
    })),
    made(slidingWindowLoad(calls, windowUs), (limit) => ({
      kind: "sliding-window",
      limit,
      windowUs,
    })),
  ]);
}

/** The best of the laws in the calls that count; the first of those that are equally good. */
function bestLaw(calls: LimitedCalls, mask: Mask): Reading {
  const inFlight = inFlightLoad(calls);
  const all: Reading[] = [
    bucketReading(calls, mask),
    ...windowReadings(calls, mask),
    {
      load: inFlight,
      split: bestLimit(inFlight, calls.refused, mask),
      law: (max) => ({ kind: "concurrency", max }),
    },
  ];
  return all.reduce((best, next) => (next.split.wrong < best.split.wrong ? next : best));
}

/** How laws do in calls: those that they refuse, rightly or wrongly, and those that they miss. */
interface Score {
  right: number;
  wrong: number;
  missed: number;
}

function score({ load, split }: Reading, refused: Uint8Array, mask: Mask, into: Score): void {
  for (let i = 0; i < load.length; i++) {
    if (mask[i] === 0) continue;
    const refuses = load[i]! > split.limit + 1e-6;
    if (refuses && refused[i] === 1) into.right++;
    else if (refuses) into.wrong++;
    else if (refused[i] === 1) into.missed++;
  }
}

/**
 * Infers a limit from which calls were refused: the law and the numbers that get the fewest calls
 * wrong, looked for among token buckets, fixed windows (by a clock, or from a first call), sliding
 * windows of the usual lengths, and calls in flight. It is told where it is right about at least
 * 80 % of what it refuses and of what was refused, in parts that it was not fitted to, and three
 * times less often wrong than a guess. Limits for each caller or route, and captures of a sample of
 * the calls, are not told: no law fits them. Of more, the first 30,000 calls are looked at.
 */
export function fitLimit(given: LimitedCalls): LimitFit {
  const calls: LimitedCalls = {
    atUs: given.atUs.subarray(0, CALLS_MAX),
    endUs: given.endUs.subarray(0, CALLS_MAX),
    refused: given.refused.subarray(0, CALLS_MAX),
  };
  const refused = calls.refused.reduce((sum, flag) => sum + flag, 0);
  const count = calls.refused.length;
  const few = Math.min(refused, count - refused);
  const none = { calls: count, refused, law: null, precision: 0, recall: 0, told: false };
  if (few < LIMIT_CALLS_MIN) return none;
  const total: Score = { right: 0, wrong: 0, missed: 0 };
  for (const [fitted, other] of [[0, 1] as const, [1, 0] as const]) {
    const law = bestLaw(calls, maskOf(count, fitted));
    score(law, calls.refused, maskOf(count, other), total);
  }
  const { law, split } = bestLaw(calls, maskOf(count, null));
  const { missed, right, wrong } = total;
  const precision = right === 0 ? 0 : right / (right + wrong);
  const recall = right / (right + missed);
  const told = precision >= RIGHT_MIN && recall >= RIGHT_MIN && missed + wrong <= few * WRONG_MAX;
  return { ...none, law: law(split.limit), precision, recall, told };
}
