import type { EmulatedCall } from "../measure/index.ts";
import type { Counted } from "./beside.ts";

/** Fetches in some time, and those of them that asked for a key that was on its way already. */
export interface Dogpiles {
  readonly fetches: number;
  readonly dogpiles: number;
  /** The most fetches of one key at once. */
  readonly most: number;
  readonly counted: readonly Counted[];
}

/** `calls` in order of arrival. Trying again, and one request that asks twice, is no dogpile. */
export function dogpilesIn(
  calls: readonly EmulatedCall[],
  { fromNs, toNs }: { readonly fromNs: number; readonly toNs: number },
): Dogpiles {
  const onItsWay = new Map<number, EmulatedCall[]>();
  const counted: Counted[] = [];
  let [dogpiles, most] = [0, 0];
  for (const call of calls) {
    if (!call.safe || call.attempt > 1) continue;
    const others = (onItsWay.get(call.key) ?? []).filter(({ endNs }) => endNs > call.arriveNs);
    const ofOthers = others.filter(({ seq }) => seq < 0 || seq !== call.seq);
    onItsWay.set(call.key, [...others, call]);
    if (call.arriveNs < fromNs || call.arriveNs >= toNs) continue;
    const piled = ofOthers.length > 0;
    if (piled) dogpiles++;
    most = Math.max(most, others.length + 1);
    counted.push({ atNs: call.arriveNs, numerator: piled ? 1 : 0, denominator: 1 });
  }
  return { fetches: counted.length, dogpiles, most, counted };
}
