import type { LatencyLaw, LognormalPart } from "./laws.ts";

/** Below this a part would sit on one repeated value, and its likelihood has no bound. */
const SIGMA_MIN = 0.01;
/** A part that explains fewer values than these explains chance. */
const VALUES_MIN = 3;
const STEPS_MAX = 200;
/** Per sample; smaller gains end the climb. */
const GAIN_MIN = 1e-6;

interface Part {
  weight: number;
  mu: number;
  sigma: number;
}

/** Where the sorted data is cut for a start: into equal parts, and into a body with a thin tail. */
const CUTS: Readonly<Record<2 | 3, readonly (readonly number[])[]>> = {
  2: [[0.5], [0.9], [0.97]],
  3: [
    [1 / 3, 2 / 3],
    [0.6, 0.93],
    [0.9, 0.98],
  ],
};

function startFrom(logs: readonly number[], cuts: readonly number[]): Part[] {
  const edges = [0, ...cuts, 1].map((cut) => Math.round(cut * logs.length));
  return edges.slice(1).map((end, i) => {
    const from = Math.min(edges[i]!, logs.length - 1);
    const piece = logs.slice(from, Math.max(end, from + 1));
    const mu = piece.reduce((sum, log) => sum + log, 0) / piece.length;
    const variance = piece.reduce((sum, log) => sum + (log - mu) ** 2, 0) / piece.length;
    return {
      weight: piece.length / logs.length,
      mu,
      sigma: Math.max(Math.sqrt(variance), SIGMA_MIN),
    };
  });
}

/** One expectation and one maximisation, in place; gives the log-likelihood before it. */
function climb(logs: readonly number[], parts: readonly Part[], shares: number[]): number {
  const sums = parts.map(() => ({ share: 0, log: 0, square: 0 }));
  let likelihood = 0;
  for (const log of logs) {
    let total = 0;
    for (const [i, { weight, mu, sigma }] of parts.entries()) {
      const z = (log - mu) / sigma;
      shares[i] = (weight * Math.exp(-z * z * 0.5)) / sigma;
      total += shares[i];
    }
    if (!(total > 0)) continue;
    likelihood += Math.log(total);
    for (const [i, sum] of sums.entries()) {
      const share = shares[i]! / total;
      const off = log - parts[i]!.mu;
      sum.share += share;
      sum.log += share * off;
      sum.square += share * off * off;
    }
  }
  for (const [i, { share, log, square }] of sums.entries()) {
    const part = parts[i]!;
    part.weight = share / logs.length;
    if (!(share > 0)) continue;
    const moved = log / share;
    part.mu += moved;
    part.sigma = Math.max(Math.sqrt(Math.max(square / share - moved * moved, 0)), SIGMA_MIN);
  }
  return likelihood;
}

const toLaw = ({ weight, mu, sigma }: Part): LognormalPart => ({
  weight,
  medianUs: Math.exp(mu),
  sigma,
});

/**
 * A mixture of two or three lognormals by expectation–maximisation, from several fixed starts; the
 * likeliest end is taken, so the same data always gives the same mixture. Parts come by rising
 * median. Null with fewer than 5 values a part,
 * and where a part ends with fewer than 3.
 * Source: Dempster, Laird & Rubin 1977, §4.3.
 * @param sortedUs above 0
 */
export function fitLognormalMixture(sortedUs: readonly number[], size: 2 | 3): LatencyLaw | null {
  if (sortedUs.length < 5 * size) return null;
  const logs = sortedUs.map(Math.log);
  let best: { parts: Part[]; likelihood: number } | null = null;
  for (const cuts of CUTS[size]) {
    const parts = startFrom(logs, cuts);
    const shares = parts.map(() => 0);
    let likelihood = -Infinity;
    for (let step = 0; step < STEPS_MAX; step++) {
      const next = climb(logs, parts, shares);
      const gained = next - likelihood;
      likelihood = next;
      if (gained < GAIN_MIN * logs.length) break;
    }
    if (best === null || likelihood > best.likelihood) best = { parts, likelihood };
  }
  const parts = best!.parts.toSorted((a, b) => a.mu - b.mu);
  if (parts.some(({ weight }) => weight * logs.length < VALUES_MIN)) return null;
  return { kind: "lognormal-mixture", parts: parts.map(toLaw) };
}
