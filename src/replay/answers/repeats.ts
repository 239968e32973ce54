import { keyedDraw } from "../../core/index.ts";
import type { IntendedStart } from "../../schedule/index.ts";

/*
 * Where starts are repeated, start n of the schedule has the number 2n and its repeat, if it has
 * one, 2n + 1.
 */

/** Of a start or of its repeat: the number of the start that was planned. */
export const plannedSeq = (seq: number): number => Math.floor(seq / 2);
export const isRepeat = (seq: number): boolean => seq % 2 === 1;

/** Whether start n of the schedule is drawn to be sent a second time. */
export const isRepeated = (seed: string, start: number, share: number): boolean =>
  keyedDraw(seed, "repeat", start).uniform("repeat") < share;

/**
 * Starts with a share of them repeated, right behind and at the same moment, as starts of their
 * own: every arm gets them, and they count as any other. `may` says of which it is allowed.
 */
export function* withRepeats(
  starts: Iterable<IntendedStart>,
  seed: string,
  share: number,
  may: (start: IntendedStart) => boolean,
): Generator<IntendedStart, undefined> {
  for (const start of starts) {
    const seq = 2 * start.seq;
    yield { ...start, seq };
    if (may(start) && isRepeated(seed, start.seq, share)) yield { ...start, seq: seq + 1 };
  }
}
