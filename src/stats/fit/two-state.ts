/**
 * A chain of two hidden states, each with its share of errors, that goes on from call to call or
 * with time, and its fit by expectation–maximisation.
 *
 * Sources: Gilbert 1960; Elliott 1963; Baum et al. 1970; in continuous time Hobolth & Jensen 2005
 * (statistics of a chain between two observations).
 */
export interface Chain {
  /** Chance at each call, or rate per second, of going from good to bad, and from bad to good. */
  readonly toBad: number;
  readonly toGood: number;
  /** Share of the calls that fail while good, and while bad. */
  readonly good: number;
  readonly bad: number;
}

/** What the chain is told of: calls in their order. */
export interface ErrorSequence {
  /** 1: an error. */
  readonly flags: Uint8Array;
  /** What passed before each, in calls (1) or in seconds; Infinity: nothing is known of before. */
  readonly gaps: Float64Array;
}

export type Pace = "call" | "time";

const STEPS_MAX = 60;
const TRIAL_STEPS = 6;
const GAIN_MIN = 1e-6;
const SHARE_MIN = 1e-9;

const held = (share: number): number => Math.min(Math.max(share, SHARE_MIN), 1 - SHARE_MIN);

export const badRatioOf = ({ toBad, toGood }: Chain): number => toBad / (toBad + toGood);

/** The chance of bad after a gap, from bad; `goodToBad` is the other. Bad's own share is the limit. */
function badToBad({ toBad, toGood }: Chain, pace: Pace, gap: number, bad: number): number {
  if (gap === Infinity) return bad;
  return pace === "call" ? 1 - toGood : bad + (1 - bad) * Math.exp(-(toBad + toGood) * gap);
}

function goodToBad({ toBad, toGood }: Chain, pace: Pace, gap: number, bad: number): number {
  if (gap === Infinity) return bad;
  return pace === "call" ? toBad : bad * (1 - Math.exp(-(toBad + toGood) * gap));
}

/** The log-likelihood of all; `seen`: takes the chance of bad after each call, given those up to it. */
export function likelihoodOf(
  { flags, gaps }: ErrorSequence,
  chain: Chain,
  pace: Pace,
  seen?: Float64Array,
): number {
  const ratio = badRatioOf(chain);
  let bad = ratio;
  let likelihood = 0;
  for (let i = 0; i < flags.length; i++) {
    const gap = i === 0 ? Infinity : gaps[i]!;
    const before =
      bad * badToBad(chain, pace, gap, ratio) + (1 - bad) * goodToBad(chain, pace, gap, ratio);
    const inBad = before * (flags[i] === 1 ? chain.bad : 1 - chain.bad);
    const inGood = (1 - before) * (flags[i] === 1 ? chain.good : 1 - chain.good);
    likelihood += Math.log(inBad + inGood);
    bad = inBad / (inBad + inGood);
    if (seen !== undefined) seen[i] = bad;
  }
  return likelihood;
}

/** Expected changes of state, and how long each state was there to be left: in calls, or in seconds. */
interface Moves {
  toBad: number;
  toGood: number;
  inGood: number;
  inBad: number;
}

/** What is known at the ends of a gap: bad's chance before it, and what a state after it weighs. */
interface Ends {
  readonly was: number;
  readonly ifGood: number;
  readonly ifBad: number;
}

function addCall(moves: Moves, { toBad, toGood }: Chain, { ifBad, ifGood, was }: Ends): void {
  const [rises, falls] = [(1 - was) * toBad * ifBad, was * toGood * ifGood];
  moves.toBad += rises;
  moves.toGood += falls;
  moves.inBad += was * (1 - toGood) * ifBad + falls;
  moves.inGood += (1 - was) * (1 - toBad) * ifGood + rises;
}

/**
 * The same over a time: ∫ P(state at s | before) · P(after | state at s) ds over the gap, in which
 * each factor is a share and a multiple of exp(−(toBad + toGood)·s).
 */
function addTime(moves: Moves, chain: Chain, { ifBad, ifGood, was }: Ends, gap: number): void {
  const rate = chain.toBad + chain.toGood;
  const [bad, good] = [chain.toBad / rate, chain.toGood / rate];
  const left = Math.exp(-rate * gap);
  const [one, both] = [(1 - left) / rate, gap * left];
  const excess = was - bad;
  const after = bad * ifBad + good * ifGood;
  const [ofBad, ofGood] = [good * (ifBad - ifGood), -bad * (ifBad - ifGood)];
  const crossed = (share: number, before: number, tail: number): number =>
    share * after * gap + (share * tail + before * after) * one + before * tail * both;
  const inBad = crossed(bad, excess, ofBad);
  moves.inBad += inBad;
  moves.inGood += gap - inBad;
  moves.toBad += chain.toBad * crossed(good, -excess, ofBad);
  moves.toGood += chain.toGood * crossed(bad, excess, ofGood);
}

/** One step: the chain that is likeliest given what the last one says of the states. */
function improve(
  { flags, gaps }: ErrorSequence,
  chain: Chain,
  pace: Pace,
  seen: Float64Array,
): Chain {
  const moves: Moves = { toBad: 0, toGood: 0, inGood: 0, inBad: 0 };
  const ratio = badRatioOf(chain);
  let smooth = seen.at(-1)!;
  let [inBad, badErrors, goodErrors] = [0, 0, 0];
  for (let i = flags.length - 1; i >= 0; i--) {
    inBad += smooth;
    if (flags[i] === 1) {
      badErrors += smooth;
      goodErrors += 1 - smooth;
    }
    if (i === 0) break;
    const gap = gaps[i]!;
    const was = seen[i - 1]!;
    const stays = badToBad(chain, pace, gap, ratio);
    const before = was * stays + (1 - was) * goodToBad(chain, pace, gap, ratio);
    const ends = { was, ifBad: smooth / before, ifGood: (1 - smooth) / (1 - before) };
    if (gap !== Infinity && pace === "call") addCall(moves, chain, ends);
    else if (gap !== Infinity) addTime(moves, chain, ends, gap);
    smooth = was * (stays * ends.ifBad + (1 - stays) * ends.ifGood);
  }
  const most = pace === "call" ? 1 - SHARE_MIN : Infinity;
  const left = (count: number, there: number): number =>
    Math.min(Math.max(count / there, SHARE_MIN), most);
  return {
    toBad: left(moves.toBad, moves.inGood),
    toGood: left(moves.toGood, moves.inBad),
    good: held(goodErrors / (flags.length - inBad)),
    bad: held(badErrors / inBad),
  };
}

interface Climbed {
  readonly chain: Chain;
  readonly likelihood: number;
}

function climb(sequence: ErrorSequence, start: Chain, pace: Pace, steps: number): Climbed {
  const seen = new Float64Array(sequence.flags.length);
  let chain = start;
  let likelihood = likelihoodOf(sequence, chain, pace, seen);
  for (let step = 0; step < steps; step++) {
    const next = improve(sequence, chain, pace, seen);
    const nextLikelihood = likelihoodOf(sequence, next, pace, seen);
    const gained = nextLikelihood - likelihood;
    if (!(gained > 0)) break;
    [chain, likelihood] = [next, nextLikelihood];
    if (gained < GAIN_MIN * sequence.flags.length) break;
  }
  return { chain, likelihood };
}

/** Gilbert's own reading, bad times being longer by `memory`: every run of errors is one. */
function startOf({ flags, gaps }: ErrorSequence, memory: number, pace: Pace): Chain {
  let [errors, runs, passed, known] = [0, 0, 0, 0];
  for (let i = 0; i < flags.length; i++) {
    errors += flags[i]!;
    if (flags[i] === 1 && flags[i - 1] !== 1) runs++;
    if (i === 0 || gaps[i] === Infinity) continue;
    passed += gaps[i]!;
    known++;
  }
  const pause = pace === "call" ? 1 : Math.max(passed / known, SHARE_MIN);
  const toGood = held(runs / errors / memory) / pause;
  const badRatio = Math.min((errors / flags.length) * 1.2, 0.9);
  return {
    toBad: (toGood * badRatio) / (1 - badRatio),
    toGood,
    good: held(badRatio / 50),
    bad: 0.8,
  };
}

/** The likeliest chain, from the best of several starts; there must be errors and successes. */
export function fitChain(sequence: ErrorSequence, pace: Pace): Climbed {
  const start = [1, 5, 25, 125]
    .map((memory) => climb(sequence, startOf(sequence, memory, pace), pace, TRIAL_STEPS))
    .reduce((best, end) => (end.likelihood > best.likelihood ? end : best));
  const { chain, likelihood } = climb(sequence, start.chain, pace, STEPS_MAX);
  // The two states have no names of their own: bad is the one that fails more.
  if (chain.bad >= chain.good) return { chain, likelihood };
  const { bad, good, toBad, toGood } = chain;
  return { chain: { toBad: toGood, toGood: toBad, good: bad, bad: good }, likelihood };
}
