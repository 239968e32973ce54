import type { Redis } from "./redis.ts";

/** How far Redis' clock is ahead of a process' own, and how wrong that may be. */
export interface ClockOffset {
  /** To be added to the own clock's reading, in µs. */
  readonly offsetUs: number;
  /** The truth is no further off than this, whichever way a packet took longer. */
  readonly errorUs: number;
}

/** Asks Redis for its time: µs since 1970. */
export type AskTime = () => Promise<number>;

const ASKED = 16;

/** This machine's monotonic clock in whole µs, of any origin: it never jumps. */
export const localUs = (): number => Number(process.hrtime.bigint() / 1_000n);

export const timeOf =
  (redis: Redis): AskTime =>
  async () => {
    const [seconds, micros] = (await redis.time()) as unknown as [number | string, number | string];
    return Number(seconds) * 1e6 + Number(micros);
  };

/**
 * Measures the offset by asking several times, one after the other: the answer that took the shortest
 * way is the most certain, since the moment of its stamp lies somewhere between asking and hearing.
 * Source: Cristian 1989, "Probabilistic clock synchronization".
 */
export async function measureOffset(
  ask: AskTime,
  nowUs: () => number = localUs,
): Promise<ClockOffset> {
  let best: ClockOffset = { offsetUs: 0, errorUs: Number.POSITIVE_INFINITY };
  for (let i = 0; i < ASKED; i++) {
    const askedUs = nowUs();
    // oxlint-disable-next-line no-await-in-loop -- asked at once, they would wait for each other
    const toldUs = await ask();
    const heardUs = nowUs();
    // Stamps are cut to whole µs, at both ends.
    const errorUs = (heardUs - askedUs) / 2 + 1;
    if (errorUs < best.errorUs) best = { offsetUs: toldUs - (askedUs + heardUs) / 2, errorUs };
  }
  return best;
}

/**
 * How much two clocks have certainly moved against each other between two measurements of both, in
 * µs: what errors of measurement may explain is taken off. Redis' own clock, which both are measured
 * against, may be set meanwhile: that moves both alike.
 */
export function movedApartUs(
  one: { readonly then: ClockOffset; readonly now: ClockOffset },
  other: { readonly then: ClockOffset; readonly now: ClockOffset },
): number {
  const moved = (clock: typeof one): number => clock.now.offsetUs - clock.then.offsetUs;
  const unsure = [one, other].reduce((sum, { now, then }) => sum + now.errorUs + then.errorUs, 0);
  return Math.max(Math.abs(moved(one) - moved(other)) - unsure, 0);
}
