import type { EmulatedCall } from "../../measure/index.ts";
import type { Evidence, StageWindow } from "../detector.ts";
import { type Occupancy, occupancyOf } from "../occupancy.ts";
import { callsIn, mean, stagesThat, usualStage } from "./stages.ts";

const RULE = {
  /** Calls below which a stage tells nothing. */
  calls: 20,
  /** Mean in flight as a share of the plateau, and variance over mean: at a ceiling. */
  fullRatio: 0.9,
  dispersionMax: 0.3,
  /** Calls a second as a share of the usual, when they queue for a connection. */
  heldBackRatio: 0.95,
  /** Delays that differ by so much would not leave as many in flight, were there no ceiling. */
  otherDelay: 1.5,
} as const;

export interface SweepPoint {
  readonly factor: number;
  /** Mean delay that the emulator meant, or of what is really there took; and mean calls in flight. */
  readonly meantMs: number;
  readonly inFlight: number;
  readonly callsPerSec: number;
  /** Connections at which calls in flight stand; null where they do not. */
  readonly ceiling: number | null;
}

/** What a dependency's latency times several factors shows of how its caller is bounded. */
export interface LatencySweep {
  readonly points: readonly SweepPoint[];
  /**
   * d ln(in flight) / d ln(delay) between the two largest factors: 1 when nothing bounds the calls, 0
   * at a cap. Null with fewer than two factors.
   */
  readonly exponent: number | null;
  /** Calls in flight stand there, from this factor on; null: at none that was tried. */
  readonly ceiling: { readonly connections: number; readonly fromFactor: number } | null;
}

/** Where calls in flight stand, be it by chance; null where they do not. */
function standsAt({ dispersion, mean: inFlight, plateau }: Occupancy): number | null {
  const full = plateau > 0 && inFlight >= RULE.fullRatio * plateau;
  return full && dispersion <= RULE.dispersionMax ? plateau : null;
}

interface Seen extends Omit<SweepPoint, "ceiling"> {
  readonly standsAt: number | null;
}

/**
 * They stand at a ceiling where calls come slower than usual, or where they stand at the same level
 * under another delay: a caller that gives up while it waits for a connection calls as often as ever.
 */
function ceilingOf(own: Seen, all: readonly Seen[], usualPerSec: number): number | null {
  if (own.standsAt === null) return null;
  const heldBack = own.callsPerSec <= RULE.heldBackRatio * usualPerSec;
  const again = all.some(({ meantMs, standsAt: level }) => {
    const [less, more] = [Math.min(meantMs, own.meantMs), Math.max(meantMs, own.meantMs)];
    return level === own.standsAt && more >= RULE.otherDelay * less;
  });
  return heldBack || again ? own.standsAt : null;
}

function exponentOf(less: SweepPoint | undefined, more: SweepPoint | undefined): number | null {
  if (less === undefined || more === undefined) return null;
  const told = less.meantMs > 0 && more.meantMs > less.meantMs;
  if (!told || Math.min(less.inFlight, more.inFlight) <= 0) return null;
  return Math.log(more.inFlight / less.inFlight) / Math.log(more.meantMs / less.meantMs);
}

/** What is really there, behind a proxy, means no delay: it takes what it takes. */
const delayMs = ({ arriveNs, endNs, meantDelayUs }: EmulatedCall): number =>
  meantDelayUs > 0 ? meantDelayUs / 1e3 : (endNs - arriveNs) / 1e6;

/** Reads a sweep of one arm; null where no stage probes the dependency's latency, or too little came. */
export function readLatencySweep(
  evidence: Evidence,
  arm: number,
  dependency: number,
): LatencySweep | null {
  const calls = evidence.calls(arm, dependency);
  const probed = stagesThat(evidence, dependency, "latency");
  const usual = probed[0] === undefined ? undefined : usualStage(evidence.stages, probed[0]);
  if (usual === undefined) return null;
  const before = occupancyOf(calls, usual.fromNs, usual.toNs);
  const pointOf = (stage: StageWindow): Seen | null => {
    const own = occupancyOf(calls, stage.fromNs, stage.toNs);
    if (own.calls < RULE.calls) return null;
    return {
      factor: stage.probe?.latency?.factor ?? 1,
      meantMs: mean(callsIn(calls, stage).map(delayMs)),
      inFlight: own.mean,
      callsPerSec: own.callsPerSec,
      standsAt: standsAt(own),
    };
  };
  const seen = [usual, ...probed]
    .map(pointOf)
    .filter((point) => point !== null)
    .toSorted((a, b) => a.factor - b.factor);
  const points = seen.map(({ standsAt: _level, ...point }, i): SweepPoint => ({
    ...point,
    ceiling: ceilingOf(seen[i]!, seen, before.callsPerSec),
  }));
  if (points.length === 0) return null;
  const exponent = exponentOf(points.at(-2), points.at(-1));
  const capped = points.filter(({ ceiling }) => ceiling !== null);
  const [first] = capped;
  const ceiling =
    first === undefined ? null : { connections: capped.at(-1)!.ceiling!, fromFactor: first.factor };
  return { points, exponent, ceiling };
}
