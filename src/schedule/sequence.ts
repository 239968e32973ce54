import { type Prng, seededPrng } from "../core/index.ts";
import type { ArrivalSchedule, Pick } from "./schedule.ts";

/**
 * Schedules one after another as one: lengths add up, and each is told how many starts came before
 * it. Each part has luck of its own, which does not depend on how long the others are. It picks
 * records when one of its parts does; the other parts then take them in order.
 */
export function sequenceSchedule(parts: readonly ArrivalSchedule[]): ArrivalSchedule {
  const durationNs = parts.reduce((sum, part) => sum + part.durationNs, 0);
  const whole = {
    label: parts.map(({ label }) => label).join(", then "),
    durationNs,
    *intendedStartsNs(prng: Prng, firstSeq: number) {
      let [beginNs, seq] = [0, firstSeq];
      for (const part of parts) {
        for (const startNs of part.intendedStartsNs(ownPrng(prng), seq)) {
          seq++;
          yield beginNs + startNs;
        }
        beginNs += part.durationNs;
      }
    },
    ratePerSec(elapsedNs: number) {
      let beginNs = 0;
      for (const part of parts) {
        if (elapsedNs < beginNs + part.durationNs) return part.ratePerSec(elapsedNs - beginNs);
        beginNs += part.durationNs;
      }
      return parts.at(-1)?.ratePerSec(parts.at(-1)?.durationNs ?? 0) ?? 0;
    },
  };
  if (parts.every((part) => part.picks === undefined)) return whole;
  return {
    ...whole,
    *picks(prng, firstSeq) {
      let [beginNs, seq] = [0, firstSeq];
      for (const part of parts) {
        for (const { copy, record, startNs } of picksOf(part, ownPrng(prng), seq)) {
          seq++;
          yield { startNs: beginNs + startNs, record, copy };
        }
        beginNs += part.durationNs;
      }
    },
  };
}

const ownPrng = (prng: Prng): Prng => seededPrng(String(prng()));

function* picksOf(part: ArrivalSchedule, prng: Prng, firstSeq: number): Generator<Pick, void> {
  if (part.picks !== undefined) {
    yield* part.picks(prng, firstSeq);
    return;
  }
  let record = firstSeq;
  for (const startNs of part.intendedStartsNs(prng, firstSeq)) {
    yield { startNs, record, copy: 0 };
    record++;
  }
}
