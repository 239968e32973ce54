/** What a dependency's errors look like, call after call. */
export type ErrorFit =
  | { readonly kind: "independent"; readonly calls: number; readonly errorRatio: number }
  | {
      readonly kind: "gilbert-elliott";
      readonly calls: number;
      readonly errorRatio: number;
      /** Chance, at each call, to go from good to bad, and from bad to good. */
      readonly p: number;
      readonly r: number;
      /** Share of the calls that fail while good, and while bad. */
      readonly errorRatioGood: number;
      readonly errorRatioBad: number;
      /** Share of the calls in bad times, p ÷ (p + r); and how many calls a bad time lasts, 1 ÷ r. */
      readonly badRatio: number;
      readonly meanBurst: number;
      /** By how much its BIC is lower than that of errors without memory. */
      readonly bicGain: number;
    };

interface Chain {
  p: number;
  r: number;
  good: number;
  bad: number;
}

/** Below this there is too little to see a burst by. */
const ERRORS_MIN = 10;
const CALLS_MAX = 100_000;
const STEPS_MAX = 100;
const GAIN_MIN = 1e-6;
const SHARE_MIN = 1e-9;
/** Weight of evidence that is called strong. Source: Raftery 1995, table 6. */
const BIC_GAIN_MIN = 6;
/** Four parameters against one. */
const MORE_PARAMETERS = 3;

const held = (share: number): number => Math.min(Math.max(share, SHARE_MIN), 1 - SHARE_MIN);

/** Gilbert's own reading: every error is in a bad time, and every run of errors is one. */
function startOf(flags: readonly boolean[], errors: number, memory: number): Chain {
  let runs = 0;
  for (const [i, flag] of flags.entries()) if (flag && flags[i - 1] !== true) runs++;
  const r = held(runs / errors / memory);
  const badShare = Math.min((errors / flags.length) * 1.2, 0.9);
  return { p: held((r * badShare) / (1 - badShare)), r, good: held(badShare / 50), bad: 0.8 };
}

/** The chance of bad after each call, given the calls up to it; and the log-likelihood of all. */
function forward(flags: readonly boolean[], chain: Chain, bad: Float64Array): number {
  let before = chain.p / (chain.p + chain.r);
  let likelihood = 0;
  for (const [i, flag] of flags.entries()) {
    const inBad = before * (flag ? chain.bad : 1 - chain.bad);
    const inGood = (1 - before) * (flag ? chain.good : 1 - chain.good);
    likelihood += Math.log(inBad + inGood);
    bad[i] = inBad / (inBad + inGood);
    before = bad[i] * (1 - chain.r) + (1 - bad[i]) * chain.p;
  }
  return likelihood;
}

/** One step of Baum–Welch, with the smoothing of Rauch's kind: from the last call to the first. */
function improve(flags: readonly boolean[], chain: Chain, bad: Float64Array): Chain {
  let smooth = bad[flags.length - 1]!;
  let [inBad, badErrors, goodErrors, toBad, toGood, fromBad] = [0, 0, 0, 0, 0, 0];
  for (let i = flags.length - 1; i >= 0; i--) {
    inBad += smooth;
    if (flags[i]) {
      badErrors += smooth;
      goodErrors += 1 - smooth;
    }
    if (i === 0) break;
    const was = bad[i - 1]!;
    const expected = was * (1 - chain.r) + (1 - was) * chain.p;
    const badToBad = (was * (1 - chain.r) * smooth) / expected;
    const badToGood = (was * chain.r * (1 - smooth)) / (1 - expected);
    toGood += badToGood;
    toBad += ((1 - was) * chain.p * smooth) / expected;
    smooth = badToBad + badToGood;
    fromBad += smooth;
  }
  const fromGood = flags.length - 1 - fromBad;
  return {
    p: held(toBad / fromGood),
    r: held(toGood / fromBad),
    good: held(goodErrors / (flags.length - inBad)),
    bad: held(badErrors / inBad),
  };
}

function climb(flags: readonly boolean[], start: Chain): { chain: Chain; likelihood: number } {
  const bad = new Float64Array(flags.length);
  let chain = start;
  let likelihood = forward(flags, chain, bad);
  for (let step = 0; step < STEPS_MAX; step++) {
    const next = improve(flags, chain, bad);
    const nextLikelihood = forward(flags, next, bad);
    const gained = nextLikelihood - likelihood;
    if (!(gained > 0)) break;
    [chain, likelihood] = [next, nextLikelihood];
    if (gained < GAIN_MIN * flags.length) break;
  }
  // The two states have no names of their own: bad is the one that fails more.
  return chain.bad >= chain.good
    ? { chain, likelihood }
    : { chain: { p: chain.r, r: chain.p, good: chain.bad, bad: chain.good }, likelihood };
}

/**
 * Fits the Gilbert–Elliott model (two hidden states, each with its share of errors) to a sequence
 * of calls by Baum–Welch, and keeps it only where it explains the sequence clearly better than
 * errors without memory (BIC lower by 6 or more). Independent with fewer than 10 errors or 10
 * successes. Of a longer sequence the first 100,000 calls are looked at.
 *
 * Source: Gilbert 1960; Elliott 1963; Baum et al. 1970.
 * @param flags in the order of the calls; true: an error
 */
export function fitErrors(flags: readonly boolean[]): ErrorFit {
  const calls = flags.length;
  const all = flags.reduce((sum, flag) => sum + (flag ? 1 : 0), 0);
  const errorRatio = calls === 0 ? 0 : all / calls;
  const independent: ErrorFit = { kind: "independent", calls, errorRatio };
  const seen = flags.slice(0, CALLS_MAX);
  const errors = seen.reduce((sum, flag) => sum + (flag ? 1 : 0), 0);
  const successes = seen.length - errors;
  if (errors < ERRORS_MIN || successes < ERRORS_MIN) return independent;
  const { chain, likelihood } = [1, 5, 25]
    .map((memory) => climb(seen, startOf(seen, errors, memory)))
    .reduce((best, end) => (end.likelihood > best.likelihood ? end : best));
  const without =
    errors * Math.log(errors / seen.length) + successes * Math.log(successes / seen.length);
  const bicGain = 2 * (likelihood - without) - MORE_PARAMETERS * Math.log(seen.length);
  if (bicGain < BIC_GAIN_MIN) return independent;
  const { p, r, good, bad } = chain;
  return {
    kind: "gilbert-elliott",
    calls,
    errorRatio,
    p,
    r,
    errorRatioGood: good,
    errorRatioBad: bad,
    badRatio: p / (p + r),
    meanBurst: 1 / r,
    bicGain,
  };
}
