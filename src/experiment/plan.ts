import { canonicalJson, NS_PER_MS, NS_PER_S, sha256Hex } from "../core/index.ts";
import type { Probe } from "../emulator/index.ts";
import type { AssignmentSpec, ResponseRules, SubstitutionRule } from "../replay/index.ts";
import type { ArrivalSpec } from "../schedule/index.ts";
import type { PlannedFactor } from "./factors.ts";
import type { NegativeControl, SegmentSpec, StopRules } from "./hypothesis.ts";
import type { PlannedInterference } from "./interference.ts";
import type { MetricSpec } from "./metric.ts";
import type { PlannedRun } from "./runs.ts";
import type { ThrottleRule } from "./looks/throttle.ts";
import type { SoakRules } from "./soak/model.ts";

/** One stage of exposure, with its place in the run. Times in nanoseconds since the run's start. */
export interface PlannedStage {
  readonly name: string;
  /** Starts per second at its end, and at its beginning: another number in a ramp. */
  readonly ratePerSec: number;
  readonly fromPerSec: number;
  readonly startNs: number;
  readonly endNs: number;
  /** Where judgement begins, after settling; null for a stage that is not judged. */
  readonly judgedFromNs: number | null;
  /** Length of a time block, the sampling unit. */
  readonly blockNs: number;
  /**
   * Where arms take turns: each has one period in a block, of which the beginning, the washout, is
   * not judged.
   */
  readonly periods?: { readonly lengthNs: number; readonly washoutNs: number };
  /** Whether the run ends when the gate after it holds; it goes on unless this is there. */
  readonly onHold?: "stop";
  /** What is done to a dependency while it lasts, in every arm; nothing unless it is there. */
  readonly probe?: Probe;
  /** How its load is halved when harm is suspected; it is not unless it is there. */
  readonly onBreach?: ThrottleRule;
  /** Set by the judge, in no plan: it ended where it looked bad, so that nothing is tested on it. */
  readonly breached?: true;
  /** What must not come late or grow while it lasts; nobody asks unless it is there. */
  readonly soak?: SoakRules;
}

/** How the load is made, as far as what is measured depends on it. */
export interface PlannedLoad {
  readonly arrivals: ArrivalSpec;
  readonly speed: number;
  readonly loop: boolean;
  readonly rekey: boolean;
  readonly keepConnections: boolean;
  readonly substitute: readonly SubstitutionRule[];
  readonly connections?: number;
  /** What was kept of the profile, where not all of it was. */
  readonly filter?: Readonly<Record<string, unknown>>;
  readonly sample?: Readonly<Record<string, unknown>>;
}

/** Raised when a plan of before can no longer be judged. */
export const PLAN_VERSION = 2;

/** What is registered before the first request: everything that the verdict will depend on. */
export interface Plan {
  readonly planVersion: typeof PLAN_VERSION;
  readonly scenario: string;
  /** Null with one arm alone: nothing is compared, so nothing is decided. */
  readonly hypothesis: {
    readonly because?: string | undefined;
    readonly if: string;
    readonly then: string;
  } | null;
  /** The null: what would count as failure. */
  readonly otherwise: string | null;
  readonly primary: MetricSpec | null;
  readonly secondary: readonly MetricSpec[];
  readonly guardrails: readonly MetricSpec[];
  /** What cannot differ between the arms: one that does makes the run invalid. */
  readonly negativeControls: readonly NegativeControl[];
  readonly segments: readonly SegmentSpec[];
  readonly stop: StopRules;
  readonly arms: readonly string[];
  readonly stages: readonly PlannedStage[];
  /** Which arms get a start; all do, at once, unless it is there. */
  readonly assignment?: AssignmentSpec;
  readonly alpha: number;
  /** Of the claim, if it is true. */
  readonly power: number;
  /** Registered between-run SD on the log scale; without it a single run cannot ship. */
  readonly betweenRunSd: number | null;
  /** Of a judged stage, the most that may be found to be warm-up; nothing is looked for without it. */
  readonly warmUpMax?: number;
  /** Of the calibration that it came from, if it came from one. */
  readonly calibrationSha256?: string;
  /** What company does to control, where that calibration has measured it. */
  readonly interference?: PlannedInterference;
  /** By dependency, what one call costs, in whatever currency; of those that have a price. */
  readonly prices?: Readonly<Record<string, number>>;
  /** How answers are compared, and which starts are repeated; nothing is compared without it. */
  readonly responses?: ResponseRules;
  readonly load: PlannedLoad;
  /** Arms tell of themselves: what is asked of them for it is part of what is measured. */
  readonly telemetry?: { readonly receive: true };
  readonly timeoutNs: number;
  readonly inFlightMax: number;
  readonly seed: string;
  /** How often it is done, each time with fresh processes: the runs are the sample. */
  readonly runs: readonly PlannedRun[];
  /** What differs between runs, at levels that each run names; nothing unless given. */
  readonly factors?: readonly PlannedFactor[];
  /** Of one run of several: how many there are. They share what looks and gates may spend. */
  readonly runsInAll?: number;
  /** SHA-256 of what else the outcome depends on. */
  readonly inputs: {
    readonly scenarioSha256: string;
    readonly profileSha256: string;
    /** By dependency: as it is served, with the stubs, bodies and fits that its files brought. */
    readonly dependenciesSha256: Readonly<Record<string, string>>;
    /** By arm: the commit whose files it runs, where arms are revisions of a git repository. */
    readonly revisions?: Readonly<Record<string, string>>;
    /** How these were built, for a shell; as git keeps them unless given. */
    readonly revisionBuild?: string;
  };
  readonly limits: InstrumentLimits;
}

/** When the instrument itself is too bad to be believed. */
export interface InstrumentLimits {
  /** Start lag p99, as a share of the primary quantile in control (or this floor, the larger). */
  readonly startLagShare: number;
  readonly startLagFloorUs: number;
  /** Emulated delay error p99, as a share of the median delay that was meant (or the floor). */
  readonly delayErrorShare: number;
  readonly delayErrorFloorUs: number;
}

export const INSTRUMENT_LIMITS: InstrumentLimits = {
  startLagShare: 0.1,
  startLagFloorUs: 1_000,
  delayErrorShare: 0.05,
  delayErrorFloorUs: 1_000,
};

const BLOCKS_WANTED = 40;
const BLOCK_STEP_NS = 50 * NS_PER_MS;

/**
 * The block length for a judged time: about forty blocks, from 250 ms to 10 s, in steps of 50 ms.
 * Below 250 ms neighbouring blocks share the same slow requests; above 10 s a run gets few blocks.
 */
export function defaultBlockNs(judgedNs: number): number {
  const wanted = Math.floor(judgedNs / BLOCKS_WANTED / BLOCK_STEP_NS) * BLOCK_STEP_NS;
  return Math.min(Math.max(wanted, 250 * NS_PER_MS), 10 * NS_PER_S);
}

/** A plan as it is registered: canonical, with its SHA-256. */
export interface RegisteredPlan {
  readonly sha256: string;
  readonly plan: Plan;
}

/** Fixes a plan. Equal plans have equal hashes, whatever the order of their keys. */
export function registerPlan(plan: Plan): RegisteredPlan {
  return { sha256: sha256Hex(canonicalJson(plan)), plan };
}
