import { formatCount } from "../core/index.ts";
import { mannKendall } from "../stats/index.ts";
import {
  beganIn,
  besideControl,
  besideWords,
  type Counted,
  ratioBeside,
  timeBeside,
  worstOf,
} from "./beside.ts";
import type { Detector, Evidence, Finding, FindingEffect, StageWindow } from "./detector.ts";
import { journeysOf, median, quantile } from "./join.ts";
import { readLostSlots, type LostSlots } from "./lost-slots.ts";
import { occupancyOf } from "./occupancy.ts";
import { about, judgeEachPair, judgedStages } from "./pairs.ts";
import { callsIn } from "./probed/index.ts";
import { tooLittle } from "./too-little.ts";

/*
 * A pool leaks connections that are never given back. Either they stay open and idle, more of them
 * all the time though the load is steady: a pool that is well opens one only when all others are
 * busy, and so never has many more than were ever in use at once. Or their places are lost with calls
 * that fail, and calls in flight stand lower afterwards than before. Source: signatures §6.2.
 */
const RULE = {
  /** Slices of a stage, the level of the trend, and calls needed in the stage. */
  slices: 20,
  level: 0.01,
  calls: 100,
  /**
   * Open connections beside the most that were ever in use: a multiple of it, and so many more. A
   * caller on a busy machine gives a connection back after its answer was sent: bursts of retries
   * through got, well, had up to 1.8 × as many open.
   */
  openRatio: 2.5,
  openMore: 5,
} as const;

/** Connections that pile up in a stage. */
interface Pile {
  readonly calls: number;
  readonly open: number;
  readonly inUseMax: number;
  readonly perMin: number;
  readonly pValue: number;
}

const isSteady = ({ fromPerSec, ratePerSec }: StageWindow): boolean =>
  fromPerSec === undefined || fromPerSec === ratePerSec;

/**
 * How late a caller takes note that its call has ended, and gives the connection back: as late as its
 * own answers are. 0 where calls name no request.
 */
function noticedAfterNs(evidence: Evidence, arm: number, stage: StageWindow): number {
  const postMs = journeysOf(evidence, arm, stage).map((journey) => journey.postMs);
  return postMs.length === 0 ? 0 : quantile(postMs, 0.9) * 1e6;
}

/** Of what each call saw when it came: connections open, and those that carried a call. */
function readPile(evidence: Evidence, arm: number, dependency: number, stage: StageWindow): Pile {
  const { fromNs, toNs } = stage;
  const sliceNs = (toNs - fromNs) / RULE.slices;
  const slices = Array.from({ length: RULE.slices }, (): number[] => []);
  const all = evidence.calls(arm, dependency);
  const lateNs = noticedAfterNs(evidence, arm, stage);
  const held = all.map((call) => ({ ...call, endNs: call.endNs + lateNs }));
  const inUseMax = occupancyOf(held, all[0]?.arriveNs ?? 0, toNs).max;
  let calls = 0;
  for (const call of callsIn(all, stage)) {
    calls++;
    slices[Math.min(Math.floor((call.arriveNs - fromNs) / sliceNs), RULE.slices - 1)]!.push(
      call.connections,
    );
  }
  const levels = slices.filter(({ length }) => length > 0).map(median);
  const { pValue, slope } = mannKendall(levels, "greater");
  const perMin = Number.isFinite(slope) ? (slope / (sliceNs / 1e9)) * 60 : 0;
  return { calls, open: levels.at(-1) ?? 0, inUseMax, perMin, pValue };
}

const pilesUp = ({ calls, inUseMax, open, pValue, perMin }: Pile): boolean =>
  calls >= RULE.calls &&
  pValue < RULE.level &&
  perMin > 0 &&
  open > RULE.openRatio * inUseMax + RULE.openMore;

/** Connections open when calls come, beside control's. */
function openBeside(evidence: Evidence, where: Where, stage: StageWindow): FindingEffect | null {
  const open = (arm: number): Counted[] =>
    callsIn(evidence.calls(arm, where.dependency), stage).map(({ arriveNs, connections }) => ({
      atNs: arriveNs,
      numerator: connections,
      denominator: 1,
    }));
  const arms = { own: open(where.arm), control: open(0) };
  return ratioBeside("connections open when a call comes", arms, stage, true).effect;
}

type Where = { readonly arm: number; readonly dependency: number };

interface Piles {
  readonly stage: StageWindow;
  readonly own: Pile;
  readonly control: Pile;
}

function pileSickness(
  { control, own, stage }: Piles,
  { effect, name }: { readonly effect: FindingEffect | null; readonly name: string },
) {
  const beside = besideControl({
    sick: true,
    controlWorks: control.calls > 0,
    controlSick: pilesUp(control),
    more: own.perMin > 1.5 * control.perMin,
  });
  return {
    ...beside,
    began: beganIn(stage),
    effect,
    size: { what: "connections left open each minute", value: own.perMin, unit: "connections/min" },
    pValue: own.pValue,
    cause: `${name} connection leak (${formatCount(Math.round(own.perMin))} a minute)`,
    summary:
      `connections to ${name} pile up at a steady rate of requests, by ${formatCount(Math.round(own.perMin))} a minute, ` +
      `from stage ${stage.name} on: ${formatCount(own.open)} are open in the end (control ${formatCount(control.open)}), ` +
      `and no more than ${formatCount(own.inUseMax)} were ever in use at once${besideWords(beside)}`,
    cure: "connections that are closed or given back whatever became of the call",
  };
}

function lostSickness(
  { control, own }: { readonly own: LostSlots; readonly control: LostSlots | null },
  more: {
    readonly controlWorks: boolean;
    readonly name: string;
    readonly effect: FindingEffect | null;
  },
) {
  const { controlWorks, effect, name } = more;
  const beside = besideControl({
    sick: true,
    controlWorks,
    controlSick: control !== null,
    more: control !== null && own.lost > 1.5 * control.lost,
  });
  const lost = formatCount(own.lost);
  return {
    ...beside,
    began: beganIn({ ...own.stage, fromNs: own.atNs }),
    effect,
    size: { what: "connections left in the pool", value: own.left, unit: "connections" },
    cause: `${name} pool leak (${formatCount(own.left)} connections left)`,
    summary:
      `the ${name} pool lost at least ${lost} of its connections when ${formatCount(own.failed)} calls failed: ` +
      `up to ${formatCount(own.before)} calls were in flight before, and they stand at ${formatCount(own.left)} since, ` +
      `while requests wait${besideWords(beside)}`,
    cure: "a place in the pool that is given back when a call fails, too",
  };
}

function evidenceOf({ control, own, stage }: Piles, lost: LostSlots | null): Finding["evidence"] {
  return {
    stage: stage.name,
    calls: own.calls,
    openConnections: own.open,
    inUseMax: own.inUseMax,
    leakedPerMin: own.perMin,
    controlOpenConnections: control.open,
    controlLeakedPerMin: control.perMin,
    inFlightBefore: lost?.before ?? null,
    inFlightSince: lost?.left ?? null,
    failedCalls: lost?.failed ?? null,
  };
}

function judge(evidence: Evidence, arm: number, dependency: number): Finding | null {
  const readings = judgedStages(evidence)
    .filter(isSteady)
    .map((stage): Piles => ({
      stage,
      own: readPile(evidence, arm, dependency, stage),
      control: readPile(evidence, 0, dependency, stage),
    }));
  const busiest = readings.toSorted((a, b) => b.own.calls - a.own.calls)[0];
  if (busiest === undefined || busiest.own.calls === 0) return null;
  const { name } = evidence.dependencies[dependency]!;
  const base = { detector: "pool-leak", ...about(evidence, arm, dependency) };
  const own = readLostSlots(evidence, arm, dependency);
  if (own !== null) {
    const control = readLostSlots(evidence, 0, dependency);
    const controlWorks = evidence.calls(0, dependency).length > 0;
    const since = { ...own.stage, fromNs: Math.max(own.atNs, own.stage.fromNs) };
    const { effect } = timeBeside(evidence, arm, since);
    const sickness = lostSickness({ own, control }, { name, controlWorks, effect });
    return { ...base, ...sickness, evidence: evidenceOf(busiest, own) };
  }
  const piles = readings.filter((reading) => pilesUp(reading.own));
  const worst = worstOf(
    piles.map((pile) => ({
      ...base,
      ...pileSickness(pile, {
        name,
        effect: openBeside(evidence, { arm, dependency }, pile.stage),
      }),
      evidence: evidenceOf(pile, null),
    })),
  );
  if (worst !== undefined) return worst;
  if (busiest.own.calls < RULE.calls) {
    const have = { have: busiest.own.calls, need: RULE.calls, stage: busiest.stage };
    const little = tooLittle({ ...have, what: `calls to ${name}`, toTell: "of leaks" });
    return { ...base, ...little, evidence: evidenceOf(busiest, null) };
  }
  return {
    ...base,
    status: "pass",
    pValue: 1,
    summary: `${formatCount(busiest.own.open)} connections to ${name} are open in the end, ${formatCount(busiest.own.inUseMax)} were in use at once`,
    evidence: evidenceOf(busiest, null),
  };
}

/** Names pools that lose connections, by those that pile up or by those that are missing. */
export const poolLeak: Detector = {
  name: "pool-leak",
  detect: (evidence) =>
    judgeEachPair(evidence, (arm, dependency) => judge(evidence, arm, dependency)),
};
