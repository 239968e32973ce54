/** How the distinct keys of a sequence of requests grow with the number of requests. */
export interface WorkingSetCurve {
  /** Requests seen, those without a key included. */
  readonly requests: number;
  /** Distinct keys among them: W(requests). */
  readonly distinct: number;
  /** Keys seen exactly once. */
  readonly singletons: number;
  /** d ln W / d ln n at the end of the capture, 0…1: 0 when nothing new comes any more. */
  readonly growth: number;
  /** How many keys were seen how often, least often first: `[times, keys]`. */
  readonly frequencies: readonly (readonly [times: number, keys: number])[];
}

/**
 * The working-set curve of these requests' keys; null is a request without a key, which counts as
 * a request and touches none. The next request brings a new key with a probability of about
 * singletons/requests, so the curve grows there like n^(singletons/distinct).
 * Source: I. J. Good, "The population frequencies of species", Biometrika 40 (1953).
 */
export function workingSetCurve(keys: Iterable<string | null>): WorkingSetCurve {
  const times = new Map<string, number>();
  let requests = 0;
  for (const key of keys) {
    requests++;
    if (key !== null) times.set(key, (times.get(key) ?? 0) + 1);
  }
  return workingSetOfTimes(times.values(), requests);
}

/** @param times how often each key was asked for, in any order, by `requests` requests in all */
export function workingSetOfTimes(times: Iterable<number>, requests: number): WorkingSetCurve {
  const frequencies = new Map<number, number>();
  let distinct = 0;
  for (const count of times) {
    distinct++;
    frequencies.set(count, (frequencies.get(count) ?? 0) + 1);
  }
  const singletons = frequencies.get(1) ?? 0;
  return {
    requests,
    distinct,
    singletons,
    growth: distinct === 0 ? 0 : singletons / distinct,
    frequencies: [...frequencies].toSorted(([a], [b]) => a - b),
  };
}

/**
 * The distinct keys that `n` requests touch. Inside the capture: the mean over every choice of `n`
 * of its requests, Σ(1 − C(N−f, n)/C(N, n)); from its end on: W(N)·(n/N)^growth, which is too much
 * for a small catalogue that the capture has nearly gone through, and fair for a long tail.
 * Source: K. L. Heck et al., "Explicit calculation of the rarefaction diversity measurement",
 * Ecology 56 (1975).
 */
export function workingSetAt(curve: WorkingSetCurve, n: number): number {
  const { distinct, frequencies, growth, requests } = curve;
  if (n <= 0 || requests === 0) return 0;
  if (n >= requests) return distinct * (n / requests) ** growth;
  // C(N−f, n)/C(N, n) = Π (N−n−i)/(N−i) over i < f: one running product serves all frequencies.
  let [untouched, from, sum] = [1, 0, 0];
  for (const [times, keys] of frequencies) {
    for (; from < times && untouched > 0; from++) {
      untouched *= Math.max(0, requests - n - from) / (requests - from);
    }
    sum += keys * (1 - untouched);
  }
  return sum;
}
