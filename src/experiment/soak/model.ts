import type { Interval } from "../../stats/index.ts";
import type { InsideSignals, ProcessSample } from "../../telemetry/index.ts";

/** What a soak stage must show of effects that come late. */
export interface SoakRules {
  /** By how much the primary metric's effect may get worse over `horizonNs`, on the effect's scale. */
  readonly drift: number;
  /**
   * By how much what the variant holds may grow more than control's over `horizonNs`, as a share of
   * what control holds; null: nobody asks.
   */
  readonly leak: number | null;
  /** The time that is meant, such as that between two deployments; the stage's own unless given. */
  readonly horizonNs: number;
}

/** What is seen of arms beside their traffic. */
export interface SoakSources {
  readonly processes: readonly ProcessSample[];
  /** Null where nobody asked. */
  readonly inside: InsideSignals | null;
}

/** A number with its interval. */
export interface Estimated extends Interval {
  readonly estimate: number;
}

/**
 * How the primary metric's effect went over a soak. `novelty`: it began larger and settled, early, at a
 * smaller one; `delayed`: it began smaller; `moving`: it has a trend that is shown; else `steady`.
 */
export interface EffectCourse {
  readonly course: "steady" | "novelty" | "delayed" | "moving" | "unknown";
  /** Of what came before it settled, and after, on the effect's scale; null where it did not. */
  readonly settled: {
    readonly afterNs: number;
    readonly early: number;
    readonly late: number;
  } | null;
  /** Over the soak (once it had settled), on the effect's scale; null where it is too short to tell. */
  readonly change: Estimated | null;
}

/** What an arm held of something over a soak: its floor, slice by slice. */
export interface HeldByArm {
  /** The mean of the floors, in the resource's unit. */
  readonly level: number;
  /** By how much it grew an hour. */
  readonly perHour: Estimated;
}

/**
 * Whether something leaks. `leak`: the variant grows by the margin and more beyond control, and it is
 * shown; `shared`: both grow by that much, and no such difference is shown; `unknown`: too little was told.
 */
export interface ResourceCourse {
  readonly resource: string;
  readonly unit: "MB" | "count";
  readonly course: "steady" | "leak" | "shared" | "unknown";
  readonly control: HeldByArm | null;
  readonly variant: HeldByArm | null;
}

/** What a soak showed of one variant. */
export interface SoakCourse {
  readonly arm: string;
  readonly stage: string;
  readonly metric: string;
  readonly kind: "relative" | "difference";
  readonly judgedNs: number;
  readonly horizonNs: number;
  readonly effect: EffectCourse;
  readonly resources: readonly ResourceCourse[];
}
