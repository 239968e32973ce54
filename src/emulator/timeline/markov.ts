import { z } from "zod";
import { durationNsField } from "../../core/index.ts";
import type { Timeline, World } from "../model.ts";

const dwell = () => durationNsField().refine((dwellNs) => dwellNs > 0, "more than 0");

/**
 * `{ kind: markov, dwell: [10m, 20s] }`: states 0, 1, … in turn, each held for an exponential time
 * of the given mean; it begins in a state by chance, as a process that has run for long.
 */
export const markovSchema = z.strictObject({
  kind: z.literal("markov"),
  dwell: z.array(dwell()).min(2).max(16),
});

/** Changes are kept from the newest back: a run of days with short dwells stays bounded. */
const KEPT_MAX = 100_000;

/**
 * A Markov process in continuous time, whose states follow each other in turn. When it changes is
 * drawn by `world`, keyed by the number of the change: the same for everybody who asks, whenever
 * they ask. A time before the changes that are kept has the state of the oldest one kept.
 */
export function markovTimeline(
  { dwell: dwellsNs }: z.output<typeof markovSchema>,
  world: Pick<World, "draw">,
  name: string,
): Timeline {
  const states = dwellsNs.length;
  const totalNs = dwellsNs.reduce((sum, dwellNs) => sum + dwellNs, 0);
  // Stationary: in each state for its share of the time.
  let pick = world.draw("timeline", name, "first").uniform("state") * totalNs;
  let first = 0;
  while (first < states - 1 && pick >= dwellsNs[first]!) pick -= dwellsNs[first++]!;
  /** When each change comes; change i ends state `first + i`. */
  let changesNs: number[] = [];
  let forgotten = 0;
  let lastNs = 0;
  const extendTo = (nowNs: number): void => {
    while (lastNs <= nowNs) {
      const index = forgotten + changesNs.length;
      const u = world.draw("timeline", name, index).uniform("dwell");
      lastNs += -Math.log(u) * dwellsNs[(first + index) % states]!;
      changesNs.push(lastNs);
    }
    if (changesNs.length <= 2 * KEPT_MAX) return;
    forgotten += changesNs.length - KEPT_MAX;
    changesNs = changesNs.slice(-KEPT_MAX);
  };
  return {
    stateAt(nowNs) {
      extendTo(nowNs);
      let [low, high] = [0, changesNs.length];
      while (low < high) {
        const middle = (low + high) >> 1;
        if (changesNs[middle]! <= nowNs) low = middle + 1;
        else high = middle;
      }
      return (first + forgotten + low) % states;
    },
  };
}
