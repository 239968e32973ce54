import {
  type BlockEffect,
  everyPart,
  pairedBlockDifference,
  pairedBlockLogRatio,
  PARTS,
  type RatioBlock,
} from "../stats/index.ts";
import type { Began, Beside, Evidence, Finding, FindingEffect, StageWindow } from "./detector.ts";
import { callsIn, requestsIn } from "./probed/index.ts";

/* Comparison first: what control has as well is reported, and condemns nobody. */

/** Two-sided, of the effects that findings show. */
export const CONFIDENCE = 0.99;
/** Windows are cut into at least `BLOCKS`, of `BLOCK_NS` or less. */
const BLOCK_NS = 1e9;
const BLOCKS = 25;

/** Something that counts: an event among trials, calls among requests, an amount. */
export interface Counted {
  readonly atNs: number;
  readonly numerator: number;
  readonly denominator: number;
}

/** Sums over blocks of a stage's time, the same in every arm; what lies outside is left out. */
export function blocksOf(
  counted: Iterable<Counted>,
  { fromNs, toNs }: Pick<StageWindow, "fromNs" | "toNs">,
): RatioBlock[] {
  const blockNs = Math.min(BLOCK_NS, (toNs - fromNs) / BLOCKS);
  const count = Math.floor((toNs - fromNs) / blockNs);
  const blocks = Array.from({ length: count }, () => ({ numerator: 0, denominator: 0 }));
  for (const { atNs, denominator, numerator } of counted) {
    const block = atNs < fromNs ? undefined : blocks[Math.floor((atNs - fromNs) / blockNs)];
    if (block === undefined) continue;
    block.numerator += numerator;
    block.denominator += denominator;
  }
  return blocks;
}

/** How much more of it an arm has than control, as findings show it; null where not judged. */
export interface More {
  readonly effect: FindingEffect | null;
  /** For "no more than control has"; 1 where not judged. */
  readonly pValue: number;
  readonly shown: boolean;
}

/** The least p-value of the stages that show a sickness; nothing where none was judged. */
export function leastP(shown: readonly More[]): Pick<Finding, "pValue"> {
  const ps = shown.flatMap(({ effect, pValue }) => (effect === null ? [] : pValue));
  return ps.length === 0 ? {} : { pValue: Math.min(...ps) };
}

type Arms = { readonly own: Iterable<Counted>; readonly control: Iterable<Counted> };

interface Blocks {
  readonly confidence: number;
  readonly control: readonly RatioBlock[];
  readonly variant: readonly RatioBlock[];
}

/** What each part of the stage shows; NaN where one arm has nothing in it. */
function partsOf(
  { control, variant }: Blocks,
  effectOf: (variant: number, control: number) => number,
): readonly number[] {
  const ratioIn = (blocks: readonly RatioBlock[], part: number): number => {
    const at = (edge: number): number => Math.round((edge * blocks.length) / PARTS);
    const own = blocks.slice(at(part), at(part + 1));
    const sumOf = (of: keyof RatioBlock): number => own.reduce((sum, each) => sum + each[of], 0);
    return sumOf("numerator") / sumOf("denominator");
  };
  return Array.from({ length: PARTS }, (_, part) =>
    effectOf(ratioIn(variant, part), ratioIn(control, part)),
  );
}

/** By its blocks, or, where those do not show it, by what is there in every part of the stage. */
function moreOf(
  what: string,
  kind: FindingEffect["kind"],
  found: BlockEffect,
  parts: readonly number[],
): More {
  const { confidence, judged } = found;
  if (!judged) return { effect: null, pValue: 1, shown: false };
  const always = found.low > 0 ? null : everyPart(parts);
  const { estimate, high, low } = always ?? found;
  const pHarm = always?.p ?? found.pHarm;
  const shown = kind === "relative" ? Math.expm1 : (value: number): number => value;
  return {
    effect: {
      what,
      kind,
      estimate: shown(estimate),
      low: shown(low),
      high: shown(high),
      confidence,
    },
    pValue: pHarm,
    shown: low > 0,
  };
}

/** Of a share of events among trials: variant − control, over paired blocks of the stage. */
export function shareBeside(what: string, arms: Arms, stage: StageWindow): More {
  const blocks = pairedBlocks(arms, stage);
  const parts = partsOf(blocks, (is, was) => is - was);
  return moreOf(what, "difference", pairedBlockDifference(blocks), parts);
}

/** Of a ratio that may be above 1, or an amount each: variant ÷ control − 1, over paired blocks. */
export function ratioBeside(what: string, arms: Arms, stage: StageWindow, amounts = false): More {
  const blocks = pairedBlocks(arms, stage);
  const parts = partsOf(blocks, (is, was) => Math.log(is / was));
  return moreOf(what, "relative", pairedBlockLogRatio({ ...blocks, amounts }), parts);
}

/** By how much longer than control's, at least, something takes that its share alone does not show. */
const LONGER = 1;

/**
 * More of a share, or else of how long it takes: where control is disturbed as well, as on a busy machine,
 * for a while and a little, only that tells it from an arm that takes more than twice as long.
 */
export function moreOrLonger(share: More, longer: () => More): More {
  if (share.shown || share.effect === null) return share;
  const time = longer();
  return (time.effect?.low ?? 0) >= LONGER ? time : share;
}

/** Of how long requests take, by when they were meant to start: variant ÷ control − 1. */
export function timeBeside(evidence: Evidence, arm: number, stage: StageWindow): More {
  const times = (side: number): Counted[] =>
    requestsIn(evidence.requests(side), stage).map(({ endNs, intendedNs }) => ({
      atNs: intendedNs,
      numerator: (endNs - intendedNs) / 1e6,
      denominator: 1,
    }));
  return ratioBeside(
    "time that requests take",
    { own: times(arm), control: times(0) },
    stage,
    true,
  );
}

/** Calls for the same requests, beside control's: fewer before a ceiling, or none of a breaker that is open. */
export function callsBeside(
  evidence: Evidence,
  { arm, dependency }: { readonly arm: number; readonly dependency: number },
  stage: StageWindow,
): FindingEffect | null {
  const counted = (side: number): Counted[] => [
    ...callsIn(evidence.calls(side, dependency), stage).map(({ arriveNs }) => ({
      atNs: arriveNs,
      numerator: 1,
      denominator: 0,
    })),
    ...requestsIn(evidence.requests(side), stage).map(({ intendedNs }) => ({
      atNs: intendedNs,
      numerator: 0,
      denominator: 1,
    })),
  ];
  const arms = { own: counted(arm), control: counted(0) };
  return ratioBeside("calls for the same requests", arms, stage).effect;
}

const pairedBlocks = ({ control, own }: Arms, stage: StageWindow): Blocks => ({
  confidence: CONFIDENCE,
  control: blocksOf(control, stage),
  variant: blocksOf(own, stage),
});

/** A sickness of an arm, and what control has of it. */
export interface Sickness {
  readonly sick: boolean;
  readonly controlSick: boolean;
  /** Whether control does such work at all: else there is nothing to compare with. */
  readonly controlWorks: boolean;
  /** Whether the arm is shown to have more of it than control. */
  readonly more: boolean;
}

/** What a sickness means beside control: new or worse condemns, shared does not. */
export function besideControl({
  controlSick,
  controlWorks,
  more,
  sick,
}: Sickness): Pick<Finding, "status"> & { readonly comparison?: Beside } {
  if (!sick) return { status: "pass" };
  if (!controlWorks) return { status: "fail", comparison: "absent-in-control" };
  if (!controlSick) return { status: "fail", comparison: "new" };
  return more
    ? { status: "fail", comparison: "worse" }
    : { status: "shared", comparison: "shared" };
}

type Verdict = Pick<Finding, "comparison" | "effect" | "status" | "summary">;

/** An effect that is shown, or is so large that its interval is wide for want of time alone. */
const LARGE = { relative: 0.2, difference: 0.1 } as const;
const isSomething = ({ estimate, high, kind, low }: FindingEffect): boolean =>
  low > 0 || high < 0 || Math.abs(estimate) >= LARGE[kind];

/**
 * By its own measure an arm may be sick and control not, or less, while they hardly differ: that is no
 * harm unless the difference is shown, or large. What is `worse` by no more than chance is in both.
 */
export function unlessShown<Told extends Verdict>(finding: Told): Told | (Told & Verdict) {
  const { comparison, effect, status, summary } = finding;
  if (status !== "fail" || comparison === "absent-in-control") return finding;
  if (effect === null || effect === undefined || isSomething(effect)) return finding;
  if (comparison === "worse") {
    const both = `${summary}, by no more than chance`;
    return { ...finding, status: "shared", comparison: "shared", summary: both };
  }
  const unsure = `${summary}; that control has less of it is not shown (${effect.what})`;
  return { ...finding, status: "inconclusive", summary: unsure };
}

/**
 * What is told of the stages that show a sickness: the first that condemns, or else the first; undefined
 * without one.
 */
export function worstOf<Told extends Verdict>(told: readonly Told[]): Told | undefined {
  return told.find((each) => unlessShown(each).status === "fail") ?? told[0];
}

/** Ends a finding's sentence where control has the sickness as well. */
export const besideWords = ({ comparison }: { readonly comparison?: Beside }): string =>
  comparison === "shared"
    ? "; control has it too"
    : comparison === "worse"
      ? "; control has it too, and less of it"
      : "";

/** The beginning of a sickness that shows in this stage. */
export const beganIn = ({ fromNs, name, ratePerSec }: StageWindow): Began => ({
  stage: name,
  atS: fromNs / 1e9,
  ratePerSec,
});
