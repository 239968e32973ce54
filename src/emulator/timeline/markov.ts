import { z } from "zod";
import { durationNsField } from "../../core/fields/index.ts";
import type { Timeline, World } from "../model.ts";

const STATES_MAX = 16;
const dwell = () => durationNsField().refine((dwellNs) => dwellNs > 0, "more than 0");
const weight = () => z.number().min(0).max(1e9);

/** Row i: the weights of the states that may follow state i. */
type Weights = readonly (readonly number[])[];

/** States that come after a state, at once or through others. */
function reachedFrom(start: number, next: Weights): Set<number> {
  const reached = new Set([start]);
  for (const state of reached) {
    for (const [to, share] of next[state]!.entries()) if (share > 0) reached.add(to);
  }
  return reached;
}

function checkNext(next: Weights, states: number, context: z.RefinementCtx): void {
  const issue = (message: string, ...path: number[]): void =>
    context.addIssue({ code: "custom", path: ["next", ...path], message });
  if (next.length !== states) {
    issue(`one row of weights for each of the ${states} states, here are ${next.length}`);
    return;
  }
  let sound = true;
  for (const [state, row] of next.entries()) {
    let message: string | null = null;
    if (row.length !== states) message = `a weight for each of the ${states} states`;
    else if (row[state] !== 0) message = `state ${state} does not follow itself: its weight is 0`;
    else if (row.every((share) => share === 0)) message = "a state that follows weighs more than 0";
    if (message === null) continue;
    sound = false;
    issue(message, state);
  }
  if (!sound) return;
  for (let state = 0; state < states; state++) {
    const reached = reachedFrom(state, next);
    if (reached.size === states) continue;
    const never = next.findIndex((_, to) => !reached.has(to));
    issue(`from state ${state}, state ${never} is never reached; give a way a weight`, state);
    return;
  }
}

/**
 * `{ kind: markov, dwell: [10m, 20s] }`: states 0, 1, …, each held for an exponential time of the
 * given mean; it begins in a state by chance, as a process that has run for long. They follow each
 * other in turn, or by the weights of `next`: `[[0, 3, 1], [1, 0, 0], [1, 0, 0]]` goes from state 0
 * to state 1 three times as often as to state 2, and back from either. A state does not follow
 * itself, and every state is to be reached from every other.
 */
export const markovSchema = z
  .strictObject({
    kind: z.literal("markov"),
    dwell: z.array(dwell()).min(2).max(STATES_MAX),
    next: z.array(z.array(weight()).max(STATES_MAX)).max(STATES_MAX).optional(),
  })
  .superRefine(({ dwell: dwellsNs, next }, context) => {
    if (next !== undefined) checkNext(next, dwellsNs.length, context);
  });

/**
 * How often each state is entered, against the others; by elimination without subtraction.
 * Source: Grassmann, Taksar & Heyman 1985, "Regenerative analysis and steady state distributions".
 */
function visitShares(next: Weights): number[] {
  const chance = next.map((row) => {
    const total = row.reduce((sum, share) => sum + share, 0);
    return row.map((share) => share / total);
  });
  for (let last = chance.length - 1; last > 0; last--) {
    const from = chance[last]!;
    const leaves = from.slice(0, last).reduce((sum, share) => sum + share, 0);
    for (const row of chance.slice(0, last)) {
      row[last]! /= leaves;
      for (let to = 0; to < last; to++) row[to]! += row[last]! * from[to]!;
    }
  }
  const shares = [1];
  for (let state = 1; state < chance.length; state++) {
    shares.push(shares.reduce((sum, share, from) => sum + share * chance[from]![state]!, 0));
  }
  return shares;
}

/** The index that `u`, in (0, 1), picks by weight. */
function pickByWeight(weights: readonly number[], u: number): number {
  let pick = u * weights.reduce((sum, share) => sum + share, 0);
  let index = 0;
  for (const [at, share] of weights.entries()) {
    if (share === 0) continue;
    index = at;
    if (pick < share) break;
    pick -= share;
  }
  return index;
}

/** Changes are kept from the newest back: a run of days with short dwells stays bounded. */
const KEPT_MAX = 100_000;

/**
 * A Markov process in continuous time. When it changes, and to which state, is drawn by `world`,
 * keyed by the number of the change: the same for everybody who asks, whenever they ask. A time
 * before the changes that are kept has the state of the oldest one kept.
 */
export function markovTimeline(
  { dwell: dwellsNs, next }: z.output<typeof markovSchema>,
  world: Pick<World, "draw">,
  name: string,
): Timeline {
  const states = dwellsNs.length;
  const visits = next === undefined ? dwellsNs.map(() => 1) : visitShares(next);
  // Stationary: in each state for its share of the time.
  const u = world.draw("timeline", name, "first").uniform("state");
  let state = pickByWeight(
    dwellsNs.map((dwellNs, i) => dwellNs * visits[i]!),
    u,
  );
  /** When each change comes, and the state that it ends. */
  let changesNs: number[] = [];
  let ended: number[] = [];
  let forgotten = 0;
  let lastNs = 0;
  const extendTo = (nowNs: number): void => {
    while (lastNs <= nowNs) {
      const draw = world.draw("timeline", name, forgotten + changesNs.length);
      lastNs += -Math.log(draw.uniform("dwell")) * dwellsNs[state]!;
      changesNs.push(lastNs);
      ended.push(state);
      state =
        next === undefined
          ? (state + 1) % states
          : pickByWeight(next[state]!, draw.uniform("next"));
    }
    if (changesNs.length <= 2 * KEPT_MAX) return;
    forgotten += changesNs.length - KEPT_MAX;
    changesNs = changesNs.slice(-KEPT_MAX);
    ended = ended.slice(-KEPT_MAX);
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
      return ended[low]!;
    },
  };
}
