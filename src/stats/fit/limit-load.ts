/** Calls to a dependency that refused some of them, in the order in which they were made. */
export interface LimitedCalls {
  readonly atUs: Float64Array;
  /** When the answer had come. */
  readonly endUs: Float64Array;
  /** 1: refused for there being too many. */
  readonly refused: Uint8Array;
}

/**
 * What each call would bring the limiter's account to, itself included: a limiter admits those that
 * stay at or below its limit. What was admitted before is taken as it was seen, so that one call
 * which a law gets wrong does not make it wrong about the next.
 */
export type Load = Float64Array;

/** Of a bucket that drains at this rate. Source: ITU-T I.371, annex A (leaky bucket). */
export function bucketLoad({ atUs, refused }: LimitedCalls, ratePerSec: number): Load {
  const load = new Float64Array(atUs.length);
  let [level, lastUs] = [0, atUs[0] ?? 0];
  for (let i = 0; i < atUs.length; i++) {
    level = Math.max(level - ((atUs[i]! - lastUs) / 1e6) * ratePerSec, 0);
    lastUs = atUs[i]!;
    load[i] = level + 1;
    if (refused[i] === 0) level++;
  }
  return load;
}

/** Of windows one after the other, of which one begins at `fromUs`. */
export function windowLoad(
  { atUs, refused }: LimitedCalls,
  windowUs: number,
  fromUs: number,
): Load {
  const load = new Float64Array(atUs.length);
  let [window, used] = [Number.NaN, 0];
  for (let i = 0; i < atUs.length; i++) {
    const now = Math.floor((atUs[i]! - fromUs) / windowUs);
    if (now !== window) [window, used] = [now, 0];
    load[i] = used + 1;
    if (refused[i] === 0) used++;
  }
  return load;
}

/** Of windows that begin with the first call that is admitted after the one before. */
export function firstCallWindowLoad({ atUs, refused }: LimitedCalls, windowUs: number): Load {
  const load = new Float64Array(atUs.length);
  let [endUs, used] = [Number.NEGATIVE_INFINITY, 0];
  for (let i = 0; i < atUs.length; i++) {
    const begun = atUs[i]! < endUs;
    load[i] = begun ? used + 1 : 1;
    if (refused[i] === 1) continue;
    if (!begun) endUs = atUs[i]! + windowUs;
    used = begun ? used + 1 : 1;
  }
  return load;
}

/** Of the time before each call. */
export function slidingWindowLoad({ atUs, refused }: LimitedCalls, windowUs: number): Load {
  const load = new Float64Array(atUs.length);
  const admitted: number[] = [];
  let from = 0;
  for (let i = 0; i < atUs.length; i++) {
    while (from < admitted.length && admitted[from]! + windowUs <= atUs[i]!) from++;
    load[i] = admitted.length - from + 1;
    if (refused[i] === 0) admitted.push(atUs[i]!);
  }
  return load;
}

/** Of what is in flight. */
export function inFlightLoad({ atUs, endUs, refused }: LimitedCalls): Load {
  const load = new Float64Array(atUs.length);
  const ends = endUs.filter((_, i) => refused[i] === 0).toSorted();
  let [begun, ended] = [0, 0];
  for (let i = 0; i < atUs.length; i++) {
    while (ended < begun && ends[ended]! <= atUs[i]!) ended++;
    load[i] = begun - ended + 1;
    if (refused[i] === 0) begun++;
  }
  return load;
}
