/** One request's look-ups: its keys, in the order in which it asks for them, at a moment. */
export interface Lookups {
  readonly atNs: number;
  readonly keys: readonly number[];
  /** The cache was emptied since the request before. */
  readonly emptied?: boolean;
}

/**
 * How many fetches a least-recently-used cache of `entries` with a time to live would make for
 * these look-ups (in time order).
 */
export function lruFetches(lookups: readonly Lookups[], entries: number, ttlNs: number): number {
  // A Map keeps insertion order: the first key is the least recently used.
  const storedNs = new Map<number, number>();
  let fetches = 0;
  for (const { atNs, emptied = false, keys } of lookups) {
    if (emptied) storedNs.clear();
    for (const key of keys) {
      const storedAt = storedNs.get(key);
      const fresh = storedAt !== undefined && atNs - storedAt < ttlNs;
      if (!fresh) fetches++;
      storedNs.delete(key);
      storedNs.set(key, fresh ? storedAt : atNs);
      if (storedNs.size > entries) storedNs.delete(storedNs.keys().next().value!);
    }
  }
  return fetches;
}

/**
 * The smallest cache whose model makes at most as many fetches as were seen: fetches fall as the
 * cache grows (LRU has the inclusion property), so bisection finds it. Between 1 and `keysMax`.
 */
export function likelyCacheEntries(
  lookups: readonly Lookups[],
  ttlNs: number,
  seen: { readonly fetches: number; readonly keys: number },
): number {
  let [low, high] = [1, Math.max(seen.keys, 1)];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (lruFetches(lookups, middle, ttlNs) > seen.fetches) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Fetches that the model and a real cache may differ by. */
const FETCH_TOLERANCE = 0.03;

/**
 * The sizes whose model makes about (3 % either way) as many fetches as were seen. Wide where
 * fetches hardly tell of the size: keys in a round miss in every cache that does not hold them all.
 */
export function cacheEntriesRange(
  lookups: readonly Lookups[],
  ttlNs: number,
  seen: { readonly fetches: number; readonly keys: number },
): { readonly least: number; readonly most: number } {
  const sizeOf = (fetches: number): number =>
    likelyCacheEntries(lookups, ttlNs, { fetches, keys: seen.keys });
  const least = sizeOf(seen.fetches * (1 + FETCH_TOLERANCE));
  const enough = sizeOf(Math.ceil(seen.fetches * (1 - FETCH_TOLERANCE)) - 1);
  const all = lruFetches(lookups, enough, ttlNs) >= seen.fetches * (1 - FETCH_TOLERANCE);
  return { least, most: all ? enough : Math.max(enough - 1, least) };
}
