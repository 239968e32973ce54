import type { HistogramCounts } from "../measure/index.ts";
import type { CountsMessage } from "../replay/index.ts";
import { LiveCounts } from "./live.ts";
import { TickSum } from "./live-log.ts";

/** Counts that fit into 16 bits, into 32, and into neither: what adds them up is made fast for each. */
const TIMES = [1, 2 ** 16, 2 ** 32];

/**
 * Hears a rehearsal's counts as those of a run are heard, and forgets them: in a run's first seconds
 * that takes ten times as long, and where there is one core, it is the generator's.
 */
export function rehearsedHearing(arms: readonly string[]): (counts: CountsMessage) => void {
  const all = TIMES.map((times) => ({ times, live: new LiveCounts(arms), ticks: new TickSum() }));
  return (counts) => {
    for (const { live, ticks, times } of all) {
      // As from another thread, like those of a run: objects made elsewhere are other objects.
      live.add(structuredClone(counts.map((one) => multiplied(one, times))));
      ticks.add(live.takeTick());
      ticks.take();
    }
  };
}

const multiplied = (counts: CountsMessage[number], times: number): CountsMessage[number] => ({
  ...counts,
  responseTime: multipliedTimes(counts.responseTime, times),
  startLag: multipliedTimes(counts.startLag, times),
});

const multipliedTimes = ({ count, index }: HistogramCounts, times: number): HistogramCounts => ({
  index,
  count: count.map((one) => one * times),
});
