import { seededPrng } from "../../core/index.ts";
import { type LatencyLaw, lawCdf, lawDensity, lawQuantile } from "./laws.ts";
import {
  fitExponential,
  fitGamma,
  fitLognormal,
  fitPareto,
  fitUniform,
  fitWeibull,
  shiftOf,
} from "./likelihood.ts";
import { fitLognormalMixture } from "./mixture.ts";
import {
  empiricalQuantiles,
  ksDistance,
  quantileAt,
  type QuantilePoint,
  sampleQuantile,
  shareUpTo,
} from "./quantiles.ts";

/** How near a law comes to the data. Errors are (law − data) ÷ data, at that quantile. */
export interface Closeness {
  /** Largest difference of the distribution functions, 0 to 1. */
  readonly ksDistance: number;
  readonly p50Error: number;
  readonly p90Error: number;
  readonly p99Error: number;
  readonly p999Error: number;
}

export interface FittedLaw extends Closeness {
  readonly law: LatencyLaw;
  /** Mean log density of values that were left out of the fit, per µs; null for a constant. */
  readonly heldOutLogLikelihood: number | null;
}

export interface LatencyFit {
  readonly count: number;
  /** The likeliest on values that it was not fitted to. */
  readonly best: FittedLaw;
  /** All that could be fitted, the best first. */
  readonly laws: readonly FittedLaw[];
  /** The data itself, as far as it is needed to regenerate it. */
  readonly quantiles: readonly QuantilePoint[];
  /** How near the quantiles come. */
  readonly empirical: Closeness;
  /** What to regenerate from: the best law that is near enough, or the quantiles. */
  readonly advised: LatencyLaw | "empirical";
  /** Why, in a sentence. */
  readonly because: string;
}

/** A law is near enough within these. */
export const KS_DISTANCE_MAX = 0.02;
export const P999_ERROR_MAX = 0.1;

/** Fits look at no more values than this: evenly spaced order statistics stand for the rest. */
const VALUES_MAX = 1000;
const FOLDS = 5;
/** Of a left-out value's density, this share is uniform over the data: one miss is not the end. */
const UNIFORM_SHARE = 0.001;
/** Logarithms need values above 0; a clock that says 0 µs means less than one. */
const LEAST_US = 0.5;

type Fitter = (sortedUs: readonly number[]) => LatencyLaw | null;

const shifted =
  (fit: (sortedUs: readonly number[], shiftUs: number) => LatencyLaw | null): Fitter =>
  (sortedUs) => {
    const shiftUs = shiftOf(sortedUs);
    return shiftUs > 0 ? fit(sortedUs, shiftUs) : null;
  };
const unshifted =
  (fit: (sortedUs: readonly number[], shiftUs: number) => LatencyLaw | null): Fitter =>
  (sortedUs) =>
    fit(sortedUs, 0);

/** The laws that are tried, the simpler first: of two that are as likely, the first is taken. */
const FITTERS: readonly Fitter[] = [
  fitUniform,
  unshifted(fitExponential),
  unshifted(fitLognormal),
  unshifted(fitGamma),
  unshifted(fitWeibull),
  fitPareto,
  shifted(fitExponential),
  shifted(fitLognormal),
  shifted(fitGamma),
  shifted(fitWeibull),
  (sortedUs) => fitLognormalMixture(sortedUs, 2),
  (sortedUs) => fitLognormalMixture(sortedUs, 3),
];

function closeness(
  sortedUs: readonly number[],
  quantile: (p: number) => number,
  ks: number,
): Closeness {
  const error = (p: number): number => {
    const [ours, theirs] = [quantile(p), sampleQuantile(sortedUs, p)];
    return ours === theirs ? 0 : (ours - theirs) / Math.max(theirs, LEAST_US);
  };
  return {
    ksDistance: ks,
    p50Error: error(0.5),
    p90Error: error(0.9),
    p99Error: error(0.99),
    p999Error: error(0.999),
  };
}

const closenessOfLaw = (sortedUs: readonly number[], law: LatencyLaw): Closeness =>
  closeness(
    sortedUs,
    (p) => lawQuantile(law, p),
    law.kind === "constant" ? 0 : ksDistance(sortedUs, (us) => lawCdf(law, us)),
  );

function thinned(sortedUs: readonly number[]): number[] {
  const positive = sortedUs.map((us) => Math.max(us, LEAST_US));
  if (positive.length <= VALUES_MAX) return positive;
  return Array.from({ length: VALUES_MAX }, (_, i) =>
    sampleQuantile(positive, (i + 0.5) / VALUES_MAX),
  );
}

/** For each value the fold that leaves it out: folds of equal size, dealt by chance. */
function foldsOf(count: number, seed: string): number[] {
  const prng = seededPrng(`latency-fit/${seed}`);
  const folds = Array.from({ length: count }, (_, i) => i % Math.min(FOLDS, count));
  for (let i = count - 1; i > 0; i--) {
    const j = Math.floor(prng() * (i + 1));
    [folds[i], folds[j]] = [folds[j]!, folds[i]!];
  }
  return folds;
}

/** Source: Stone 1974 (cross-validatory choice), with the log density as the score. */
function heldOut(values: readonly number[], folds: readonly number[], fit: Fitter): number {
  const floor = UNIFORM_SHARE / (values.at(-1)! - values[0]!);
  let sum = 0;
  for (let fold = 0; fold < Math.min(FOLDS, values.length); fold++) {
    const law = fit(values.filter((_, i) => folds[i] !== fold));
    for (const [i, us] of values.entries()) {
      if (folds[i] !== fold) continue;
      const density = law === null ? 0 : lawDensity(law, us);
      sum += Math.log((1 - UNIFORM_SHARE) * (Number.isFinite(density) ? density : 0) + floor);
    }
  }
  return sum / values.length;
}

const nearEnough = ({ ksDistance: ks, p999Error }: Closeness): boolean =>
  ks <= KS_DISTANCE_MAX && Math.abs(p999Error) <= P999_ERROR_MAX;

const told = ({ ksDistance: ks, p999Error }: Closeness): string =>
  `KS distance ${(ks * 100).toFixed(1)} %, p99.9 off by ${(Math.abs(p999Error) * 100).toFixed(1)} %`;

function constantFit(sortedUs: readonly number[]): LatencyFit {
  const law: LatencyLaw = { kind: "constant", valueUs: sortedUs[0]! };
  const exact = closenessOfLaw(sortedUs, law);
  const best: FittedLaw = { law, heldOutLogLikelihood: null, ...exact };
  return {
    count: sortedUs.length,
    best,
    laws: [best],
    quantiles: empiricalQuantiles(sortedUs),
    empirical: exact,
    advised: law,
    because: "all values are the same",
  };
}

/**
 * Fits the usual latency laws by maximum likelihood (each also above a least latency, and mixtures
 * of two and three lognormals), ranks them by the likelihood of values that a fit has not seen
 * (seeded 5-fold), and says what to regenerate from: the first of them within 2 % KS distance and
 * 10 % at p99.9 of the data, or the data's own quantiles.
 *
 * Null without samples. More than 1,000 are fitted by 1,000 of their order statistics; the
 * distances are always to all of them.
 * @param samplesUs finite, 0 or more, in any order
 * @param options.seed deals the folds: the same seed, the same fit
 */
export function fitLatency(
  samplesUs: readonly number[],
  { seed = "fit" }: { readonly seed?: string } = {},
): LatencyFit | null {
  if (samplesUs.length === 0) return null;
  const sortedUs = samplesUs.toSorted((a, b) => a - b);
  const values = thinned(sortedUs);
  if (values[0] === values.at(-1)) return constantFit(sortedUs);
  const folds = foldsOf(values.length, seed);
  const laws = FITTERS.flatMap((fit): FittedLaw[] => {
    const law = fit(values);
    if (law === null) return [];
    return [
      {
        law,
        heldOutLogLikelihood: heldOut(values, folds, fit),
        ...closenessOfLaw(sortedUs, law),
      },
    ];
  }).toSorted((a, b) => (b.heldOutLogLikelihood ?? 0) - (a.heldOutLogLikelihood ?? 0));
  const quantiles = empiricalQuantiles(sortedUs);
  const best = laws[0]!;
  const near = laws.find(nearEnough);
  return {
    count: sortedUs.length,
    best,
    laws,
    quantiles,
    empirical: closeness(
      sortedUs,
      (p) => quantileAt(quantiles, p),
      ksDistance(
        sortedUs,
        (us) => shareUpTo(quantiles, us),
        (us) => shareUpTo(quantiles, us, true),
      ),
    ),
    advised: near?.law ?? "empirical",
    because:
      near === undefined
        ? `no law is near enough; the likeliest, ${best.law.kind}: ${told(best)}`
        : `${near.law.kind} is near enough: ${told(near)}`,
  };
}
