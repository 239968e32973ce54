import type { Plan } from "../experiment/index.ts";
import {
  type ArmMeta,
  type EmulatedCall,
  type ExposureTable,
  type Observation,
  type ObservationMeta,
  readExposures,
  type Rows,
  withoutStarts,
} from "../measure/index.ts";
import type { RunDirectory } from "./run-directory.ts";

/** Which start of a split went where; null of another design, and where the log is missing. */
export function exposuresOf(
  directory: RunDirectory,
  { assignment }: Pick<Plan, "assignment">,
): ExposureTable | null {
  if (assignment?.kind !== "split") return null;
  const paths = directory.exposureSpools();
  return paths.length === 0 ? null : readExposures(...paths);
}

/** What is compared of a run: all but the starts of reserved keys. */
export interface Compared {
  readonly observations: Rows<Observation, ObservationMeta>;
  readonly calls: Rows<EmulatedCall, ArmMeta> | null;
  /** By start, the bucket of its key, where keys have several starts; empty elsewhere. */
  readonly buckets: ReadonlyMap<number, number>;
}

/** Leaves out of a run's rows what is compared with nothing. */
export function compared(
  plan: Plan,
  rows: Omit<Compared, "buckets">,
  exposures: ExposureTable | null,
): Compared {
  const buckets = new Map<number, number>();
  if (exposures === null || plan.assignment?.kind !== "split") return { ...rows, buckets };
  const reservedPart = exposures.meta.parts.indexOf("reserved");
  const byKey = plan.assignment.by.kind !== "request";
  const reserved = new Set<number>();
  for (const { bucket, part, seq } of exposures) {
    if (part === reservedPart) reserved.add(seq);
    if (byKey) buckets.set(seq, bucket);
  }
  if (reserved.size === 0) return { ...rows, buckets };
  const calls = rows.calls === null ? null : withoutStarts(rows.calls, reserved);
  return { observations: withoutStarts(rows.observations, reserved), calls, buckets };
}
