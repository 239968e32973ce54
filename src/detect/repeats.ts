import type { Attempt } from "./retries.ts";

/*
 * Where no identity is passed on, nobody knows which call repeats which. What is known is what was
 * asked for (its key), and what came of it: whoever tries again asks for the same again, a certain
 * time after it failed. So do others by chance, and those do so after good answers, too. The share of
 * failures that are followed in a window of time, beyond that of good answers, is the share that is
 * tried again; the window is the one that shows it best. Simulated as in
 * test/detect/repeats.test.ts, and held to real libraries by `npm run bench:ward -- --no-propagation`.
 */
const RULE = {
  /** From an answer to what follows it: windows lie between any two of these moments. */
  edgesMs: [0, ...Array.from({ length: 18 }, (_, n) => 5 * Math.SQRT2 ** n)],
  /** Answers of either kind by which the window is chosen: more would choose no other. */
  looked: 1_000,
  /** Standard errors that a window's share is taken to be less, so that no window wins by chance. */
  cautious: 2,
  /** Calls are told apart only of what is asked for so rarely that this many others come in a window. */
  othersMax: 0.1,
  /** Failed n-th attempts that are needed to tell whether there is one more. */
  failures: 10,
  /** There is, where this share of them is followed, and there is not, at that share. */
  followedRatio: 0.75,
  lastRatio: 0.25,
} as const;

/** Failures that were asked for again, where single calls are not known. */
export interface Repeats {
  /** How many, beyond those that would have been anyway; and the share of failures that they are. */
  readonly repeats: number;
  readonly share: number;
  /** Attempts of one call, where that many are always made; null where it cannot be told. */
  readonly attemptsMax: number | null;
  /** Calls with what each of them repeats, of keys by which that can be told. */
  readonly chains: readonly Attempt[];
}

interface Window {
  readonly fromNs: number;
  readonly toNs: number;
}

/** Arrivals of each key, ascending. */
type Arrivals = ReadonlyMap<number, readonly number[]>;

function arrivalsOf(attempts: readonly Attempt[]): Arrivals {
  const byKey = new Map<number, number[]>();
  for (const { call } of attempts) {
    const ofKey = byKey.get(call.key);
    if (ofKey === undefined) byKey.set(call.key, [call.arriveNs]);
    else ofKey.push(call.arriveNs);
  }
  return byKey;
}

/** The first of ascending moments that is not before `atNs`; Infinity where none is. */
function firstFrom(ascendingNs: readonly number[], atNs: number): number {
  let [low, high] = [0, ascendingNs.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ascendingNs[middle]! < atNs) low = middle + 1;
    else high = middle;
  }
  return ascendingNs[low] ?? Infinity;
}

const hasFailed = ({ call }: Attempt): boolean => call.outcome !== "ok";

/** Every n-th of them, so that no more than so many are left. */
const thinned = <T>(all: readonly T[], most: number): readonly T[] => {
  const step = Math.ceil(all.length / most);
  return step <= 1 ? all : all.filter((_, index) => index % step === 0);
};

/** The share of answers after which the same is asked for in a window. */
function followed(answers: readonly Attempt[], arrivals: Arrivals, window: Window): number {
  let count = 0;
  for (const { call } of answers) {
    const nextNs = firstFrom(arrivals.get(call.key) ?? [], call.endNs + window.fromNs);
    if (nextNs < call.endNs + window.toNs) count++;
  }
  return count / Math.max(answers.length, 1);
}

/** The share of failures that were asked for again because they failed, and how sure that is. */
function excess(shares: { readonly failed: number; readonly good: number }, counts: typeof shares) {
  const { failed, good } = shares;
  if (good >= 1) return { share: 0, error: Infinity };
  // Agresti & Coull: a share of 0 or 1 is not known exactly.
  const variance = (share: number, count: number): number => {
    const near = (share * count + 2) / (count + 4);
    return (near * (1 - near)) / (count + 4);
  };
  const error = Math.sqrt(variance(failed, counts.failed) + variance(good, counts.good));
  return { share: Math.max((failed - good) / (1 - good), 0), error: error / (1 - good) };
}

/** The window after a failure in which most of the retries come, and few of the others. */
function retryWindow(
  failed: readonly Attempt[],
  good: readonly Attempt[],
  arrivals: Arrivals,
): Window {
  const [someFailed, someGood] = [thinned(failed, RULE.looked), thinned(good, RULE.looked)];
  const counts = { failed: someFailed.length, good: someGood.length };
  let best = { fromNs: 0, toNs: RULE.edgesMs.at(-1)! * 1e6, score: -Infinity };
  for (const [first, fromMs] of RULE.edgesMs.entries()) {
    for (const toMs of RULE.edgesMs.slice(first + 1)) {
      const window = { fromNs: fromMs * 1e6, toNs: toMs * 1e6 };
      const shares = {
        failed: followed(someFailed, arrivals, window),
        good: followed(someGood, arrivals, window),
      };
      const { error, share } = excess(shares, counts);
      const score = share - RULE.cautious * error;
      if (score > best.score) best = { ...window, score };
    }
  }
  return best;
}

/** Joins each call to the earliest failure of its key that it may repeat, and that nothing else repeats. */
function chainsOf(calls: readonly Attempt[], { fromNs, toNs }: Window): Attempt[] {
  const open = new Map<number, Attempt[]>();
  return calls.map(({ call }) => {
    const failures = (open.get(call.key) ?? []).filter(
      ({ call: { endNs } }) => call.arriveNs < endNs + toNs,
    );
    const repeated = failures.find(({ call: { endNs } }) => call.arriveNs >= endNs + fromNs);
    const attempt =
      repeated === undefined
        ? { call, before: null, inARow: 1 }
        : { call, before: repeated.call, inARow: repeated.inARow + 1 };
    const left = failures.filter((each) => each !== repeated);
    open.set(call.key, hasFailed(attempt) ? [...left, attempt] : left);
    return attempt;
  });
}

/** After how many attempts nothing follows, where something nearly always did before. */
function steadyAttempts(chains: readonly Attempt[]): number | null {
  const repeated = new Set(chains.map(({ before }) => before));
  const most = chains.reduce((max, { inARow }) => Math.max(max, inARow), 0);
  for (let nth = 1; nth <= most; nth++) {
    const failed = chains.filter((each) => each.inARow === nth && hasFailed(each));
    if (failed.length < RULE.failures) return null;
    const share = failed.filter(({ call }) => repeated.has(call)).length / failed.length;
    if (share <= RULE.lastRatio) return nth === 1 ? null : nth;
    if (share < RULE.followedRatio) return null;
  }
  return null;
}

/** Reads what is repeated among `inside`, by what comes of all of a pair's `attempts`, by arrival. */
export function repeatsOf(attempts: readonly Attempt[], inside: readonly Attempt[]): Repeats {
  const [failed, good] = [inside.filter(hasFailed), inside.filter((each) => !hasFailed(each))];
  if (failed.length === 0) return { repeats: 0, share: 0, attemptsMax: null, chains: [] };
  const arrivals = arrivalsOf(attempts);
  const window = retryWindow(failed, good, arrivals);
  const shares = {
    failed: followed(failed, arrivals, window),
    good: followed(good, arrivals, window),
  };
  const { share } = excess(shares, { failed: failed.length, good: good.length });
  const lengthNs = inside.at(-1)!.call.arriveNs - inside[0]!.call.arriveNs;
  const windows = lengthNs / (window.toNs - window.fromNs);
  const rare = inside.filter(
    ({ call }) => (arrivals.get(call.key) ?? []).length <= RULE.othersMax * windows,
  );
  const chains = chainsOf(rare, window);
  return { repeats: failed.length * share, share, attemptsMax: steadyAttempts(chains), chains };
}
