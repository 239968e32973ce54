import {
  formatDurationNs,
  formatRatePerSec,
  keyedDraw,
  NS_PER_S,
  type Prng,
  ShakedownError,
} from "../../core/index.ts";
import type { ArrivalSchedule, Pick } from "../schedule.ts";
import { CaptureCopy, type CopyPart, placeNs, type Played, type Thinning } from "./copy.ts";
import { mergedPicks } from "./merge.ts";

/** How a capture's arrivals are played. */
export interface RecordedOptions {
  readonly durationNs: number;
  /** 2 plays the capture twice as fast: offsets are divided by it. Above 0; 1 unless told. */
  readonly speed?: number;
  /**
   * How many times the capture's rate, at the beginning and at the end, evenly in between; 0 or
   * more. 1 unless told.
   */
  readonly multiple?: { readonly from: number; readonly to: number };
  /**
   * Begins again when the capture is over, for as long as the schedule lasts. Without it (the
   * default) nothing is sent once the capture is over.
   */
  readonly loop?: boolean;
  /**
   * Mean number of consecutive arrivals that thinning keeps or leaves out together, 1 or more; 1
   * unless told. With the number that `clumpKeeping` gives, thinned traffic stays as bursty.
   */
  readonly clump?: number;
  /**
   * Where in the capture the schedule begins, as played: 0 (unless told) is its first arrival. Past
   * the capture's end it is taken round, with `loop`; without, nothing is left to play.
   */
  readonly fromNs?: number;
}

/**
 * The capture's own arrivals. At multiple 1 they come out exactly. A larger multiple superposes
 * copies of the capture, each begun at another random place of it and wrapped round its end, so
 * that rate and variance grow together and the index of dispersion stays; the last copy, where the
 * multiple is not whole or moves, is thinned in clumps of consecutive arrivals. A multiple below 1
 * thins the capture itself. Between two repetitions lies one mean gap.
 *
 * Every start says which record it sends, and in which copy. Stages of a run go on in the capture
 * where the one before stopped, each told so by `fromNs`.
 *
 * `offsetsNs`: the records' arrivals, non-decreasing, the first at 0; at least one. A capture
 * without a length (one record, or all at once) counts as one record a second.
 * @throws PROFILE_INVALID when there is none.
 * @throws USAGE when an option is out of bounds.
 */
export function recordedSchedule(
  offsetsNs: ArrayLike<number>,
  options: RecordedOptions,
): ArrivalSchedule {
  const { clump = 1, durationNs, fromNs = 0, loop = false, speed = 1 } = options;
  const { multiple = { from: 1, to: 1 } } = options;
  const plainPerSec = capturedRatePerSec(offsetsNs) * speed;
  check({ clump, fromNs, speed, from: multiple.from, to: multiple.to });
  const periodNs = (offsetsNs.length / plainPerSec) * NS_PER_S;
  const played: Played = { offsetsNs, speed, periodNs, endNs: durationNs };
  const multipleAt = (atNs: number): number =>
    multiple.from + (multiple.to - multiple.from) * (atNs / durationNs);
  const plain = multiple.from === 1 && multiple.to === 1;

  const picks = (prng: Prng): Iterable<Pick> => {
    if (plain) {
      const whole = { copy: 0, first: 0, shiftNs: 0, thinning: null };
      return mergedPicks([new CaptureCopy(played, begun(played, whole, fromNs, loop))]);
    }
    const seed = Math.floor(prng() * 2 ** 32);
    const thinning: Thinning = { seed, clump, multiple: multipleAt };
    const copies = Math.ceil(Math.max(multiple.from, multiple.to));
    const whole = Math.floor(Math.min(multiple.from, multiple.to));
    return mergedPicks(
      Array.from({ length: copies }, (_, copy) => {
        const place = placeOf(played, copy, seed);
        const part = { copy, ...place, thinning: copy < whole ? null : thinning };
        return new CaptureCopy(played, begun(played, part, fromNs, loop));
      }),
    );
  };
  return {
    label: labelOf(speed, multiple, plainPerSec, durationNs),
    durationNs,
    picks,
    *intendedStartsNs(prng) {
      for (const { startNs } of picks(prng)) yield startNs;
    },
    ratePerSec: (elapsedNs) =>
      loop || fromNs + elapsedNs < periodNs ? plainPerSec * multipleAt(elapsedNs) : 0,
  };
}

/**
 * A capture's mean rate: its records over its length and one more mean gap. A capture without a
 * length (one record, or all at once) has no rate of its own, and counts as one record a second.
 * @throws PROFILE_INVALID when there is no record.
 */
export function capturedRatePerSec(offsetsNs: ArrayLike<number>): number {
  const records = offsetsNs.length;
  if (records === 0) {
    throw new ShakedownError("PROFILE_INVALID", "there are no recorded arrivals to follow", {
      hint: "use a profile with at least one record, or the arrivals `poisson` or `uniform`",
    });
  }
  const lengthNs = offsetsNs[records - 1] ?? 0;
  return lengthNs === 0 ? 1 : ((records - 1) / lengthNs) * NS_PER_S;
}

/** A copy that has been playing for `fromNs` when the schedule begins: what is still to come of it. */
function begun(
  played: Played,
  part: Omit<CopyPart, "count">,
  fromNs: number,
  loop: boolean,
): CopyPart {
  // 0 − 0 rather than −0, which would turn up as a start.
  const shiftNs = 0 - (fromNs - part.shiftNs);
  const first = firstFrom(played, part.first, shiftNs);
  const left = part.first + played.offsetsNs.length - first;
  return { ...part, first, shiftNs, count: loop ? Infinity : Math.max(left, 0) };
}

/** Copy 0 as it was captured; the others shifted by chance, what falls past the end coming first. */
function placeOf(played: Played, copy: number, seed: number) {
  if (copy === 0) return { first: 0, shiftNs: 0 };
  const shiftNs = (keyedDraw(seed, copy).uniform("shift") - 1) * played.periodNs;
  return { first: firstFrom(played, 0, shiftNs), shiftNs };
}

/** The first arrival, `least` or later, that comes at 0 or later when it is shifted. */
function firstFrom(played: Played, least: number, shiftNs: number): number {
  const { offsetsNs, periodNs } = played;
  const repetitions = Math.max(Math.floor(-shiftNs / periodNs) - 1, 0);
  let low = Math.max(least, repetitions * offsetsNs.length);
  let high = Math.max(low, (repetitions + 3) * offsetsNs.length);
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (placeNs(played, middle) + shiftNs < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

function labelOf(
  speed: number,
  { from, to }: { readonly from: number; readonly to: number },
  plainPerSec: number,
  durationNs: number,
): string {
  const times = (value: number): string => `×${Number(value.toPrecision(3))}`;
  const scaled = from !== 1 || to !== 1;
  const multiple = from === to ? times(from) : `${times(from)} to ${times(to)}`;
  const how = [speed === 1 ? "" : `at speed ${times(speed)}`, scaled ? multiple : ""];
  const rates = [...new Set([from, to])].map((each) => formatRatePerSec(plainPerSec * each));
  const words = ["recorded arrivals", ...how.filter((word) => word !== "")].join(" ");
  return `${words}, ${rates.join(" to ")} for ${formatDurationNs(durationNs)}`;
}

interface Bounded {
  readonly clump: number;
  readonly fromNs: number;
  readonly speed: number;
  readonly from: number;
  readonly to: number;
}

function check({ clump, from, fromNs, speed, to }: Bounded): void {
  const refuse = (what: string, hint: string): ShakedownError =>
    new ShakedownError("USAGE", `recorded arrivals cannot be played ${what}`, { hint });
  if (!(speed > 0 && speed < Infinity)) {
    throw refuse(`at speed ${speed}`, "give a speed above 0: 1 is the capture's own");
  }
  if (!(clump >= 1 && clump < Infinity)) {
    throw refuse(`in clumps of ${clump}`, "give a mean clump of 1 or more");
  }
  if (!(fromNs >= 0 && fromNs < Infinity)) {
    throw refuse(`from ${fromNs} ns on`, "give a place in the capture: 0 or more");
  }
  if (!(Math.min(from, to) >= 0 && Math.max(from, to) < Infinity)) {
    throw refuse(`${from} to ${to} times at once`, "give a multiple, or a rate, of 0 or more");
  }
}
