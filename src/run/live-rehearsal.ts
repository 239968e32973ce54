import type { CountsMessage } from "../replay/index.ts";
import { LiveCounts } from "./live.ts";
import { TickSum } from "./live-log.ts";

/**
 * Hears a rehearsal's counts as those of a run are heard, and forgets them: in a run's first seconds
 * that takes ten times as long, and where there is one core, it is the generator's.
 */
export function rehearsedHearing(arms: readonly string[]): (counts: CountsMessage) => void {
  const live = new LiveCounts(arms);
  const ticks = new TickSum();
  return (counts) => {
    live.add(counts);
    ticks.add(live.takeTick());
    ticks.take();
  };
}
