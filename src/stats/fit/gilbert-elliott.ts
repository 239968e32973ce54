import {
  badRatioOf,
  type Chain,
  type ErrorSequence,
  fitChain,
  likelihoodOf,
  type Pace,
} from "./two-state.ts";

/** What a dependency's errors look like, call after call. */
export type ErrorFit =
  | { readonly kind: "independent"; readonly calls: number; readonly errorRatio: number }
  | {
      readonly kind: "gilbert-elliott";
      readonly calls: number;
      readonly errorRatio: number;
      /** Whether good and bad times change with the calls, or with time whatever is called. */
      readonly pace: Pace;
      /** Share of the calls that fail while good, and while bad. */
      readonly errorRatioGood: number;
      readonly errorRatioBad: number;
      /** Share of bad times: of the calls, or of the time. */
      readonly badRatio: number;
      /** How long a bad time lasts on average: in calls, or in microseconds. */
      readonly meanBurst: number;
      /** By how much likelier it makes what was not fitted than errors without memory do; in nats. */
      readonly heldOutGain: number;
    };

/** Below this there is too little to see a burst by. */
const ERRORS_MIN = 10;
const CALLS_MAX = 50_000;
/** The sequence is cut into so many parts, of which every second is left out of a fit. */
const PARTS = 10;
/** Odds of 20 : 1, which are called strong evidence. Source: Kass & Raftery 1995, §3.2. */
const HELD_OUT_GAIN_MIN = 3;
/** Weight of evidence that is called strong. Source: Raftery 1995, table 6. */
const BIC_GAIN_MIN = 6;
/** Four parameters against one. */
const MORE_PARAMETERS = 3;

function countIn(flags: Uint8Array): number {
  let errors = 0;
  for (const flag of flags) errors += flag;
  return errors;
}

/** The parts of this parity, one after the other; what passed between them is not known. */
function partsOf({ flags, gaps }: ErrorSequence, parity: 0 | 1): ErrorSequence {
  const cuts = Array.from({ length: PARTS + 1 }, (_, i) => Math.floor((i * flags.length) / PARTS));
  const kept: { flags: number[]; gaps: number[] } = { flags: [], gaps: [] };
  for (let part = parity; part < PARTS; part += 2) {
    for (let i = cuts[part]!; i < cuts[part + 1]!; i++) {
      kept.flags.push(flags[i]!);
      kept.gaps.push(i === cuts[part] ? Infinity : gaps[i]!);
    }
  }
  return { flags: Uint8Array.from(kept.flags), gaps: Float64Array.from(kept.gaps) };
}

/** The log-likelihood under errors without memory of so many among so many. */
function withoutMemory(flags: Uint8Array, errors: number, calls: number): number {
  // Half an error and half a success more, so that what was not seen is not impossible.
  const ratio = (errors + 0.5) / (calls + 1);
  const own = countIn(flags);
  return own * Math.log(ratio) + (flags.length - own) * Math.log1p(-ratio);
}

/** How much likelier the chain of one half makes the other half, both ways. */
function heldOutGain(sequence: ErrorSequence, pace: Pace): number {
  const halves = [partsOf(sequence, 0), partsOf(sequence, 1)] as const;
  let gain = 0;
  for (const [fitted, other] of [halves, [halves[1], halves[0]] as const]) {
    const errors = countIn(fitted.flags);
    const calls = fitted.flags.length;
    if (errors === 0 || errors === calls) continue;
    const { chain } = fitChain(fitted, pace);
    gain += likelihoodOf(other, chain, pace) - withoutMemory(other.flags, errors, calls);
  }
  return gain;
}

interface Told {
  readonly chain: Chain;
  readonly pace: Pace;
  readonly gain: number;
}

function toldBy(sequence: ErrorSequence, pace: Pace, errors: number): Told | null {
  const calls = sequence.flags.length;
  const { chain, likelihood } = fitChain(sequence, pace);
  const plain = errors * Math.log(errors / calls) + (calls - errors) * Math.log1p(-errors / calls);
  const bicGain = 2 * (likelihood - plain) - MORE_PARAMETERS * Math.log(calls);
  if (bicGain < BIC_GAIN_MIN) return null;
  const gain = heldOutGain(sequence, pace);
  return gain >= HELD_OUT_GAIN_MIN ? { chain, pace, gain } : null;
}

function gapsOf(calls: number, atUs: readonly number[] | undefined): Float64Array {
  if (atUs === undefined) return new Float64Array(calls).fill(1);
  return Float64Array.from({ length: calls }, (_, i) =>
    i === 0 ? Infinity : (atUs[i]! - atUs[i - 1]!) / 1e6,
  );
}

/**
 * Fits the Gilbert–Elliott model (two hidden states, each with its share of errors) to a sequence
 * of calls, its states changing with the calls, and with time where that is known. The better of
 * the two is told where it explains what was not fitted clearly better than errors without memory
 * (by 3 nats, each half by the other's fit), and what was fitted as well (BIC lower by 6 or more).
 * Independent with fewer than 10 errors or 10 successes. Of a longer sequence the first 50,000
 * calls are looked at.
 *
 * Sources: Gilbert 1960; Elliott 1963; of the fit see `two-state.ts`.
 * @param failed in the order of the calls; true: an error
 * @param atUs when each was made, never falling
 */
export function fitErrors(failed: readonly boolean[], atUs?: readonly number[]): ErrorFit {
  const calls = failed.length;
  const all = failed.reduce((sum, flag) => sum + (flag ? 1 : 0), 0);
  const errorRatio = calls === 0 ? 0 : all / calls;
  const independent: ErrorFit = { kind: "independent", calls, errorRatio };
  const flags = Uint8Array.from(failed.slice(0, CALLS_MAX), Number);
  const errors = countIn(flags);
  if (errors < ERRORS_MIN || flags.length - errors < ERRORS_MIN) return independent;
  const paces: readonly Pace[] = atUs === undefined ? ["call"] : ["call", "time"];
  const told = paces
    .map((pace) => {
      const gaps = gapsOf(flags.length, pace === "time" ? atUs : undefined);
      return toldBy({ flags, gaps }, pace, errors);
    })
    .filter((each) => each !== null)
    .toSorted((a, b) => b.gain - a.gain)[0];
  if (told === undefined) return independent;
  const { chain, gain, pace } = told;
  return {
    kind: "gilbert-elliott",
    calls,
    errorRatio,
    pace,
    errorRatioGood: chain.good,
    errorRatioBad: chain.bad,
    badRatio: badRatioOf(chain),
    meanBurst: (pace === "call" ? 1 : 1e6) / chain.toGood,
    heldOutGain: gain,
  };
}
