import type { IntendedStart } from "../../schedule/index.ts";
import type { ExposurePart } from "./spec.ts";

/** Where a key falls. */
export interface Exposure {
  readonly arm: number;
  readonly part: ExposurePart;
  /** In (0, 1): the key's own place, the same in every stage; as good as its name. */
  readonly bucket: number;
}

/** Says which arms get a start: pure, so that the same start is assigned the same way everywhere. */
export interface Assignment {
  /** A bit for each arm, at least one of them set. */
  armsOf(start: IntendedStart): number;
  /** Where each start goes to one arm by its key: why it goes there. Absent elsewhere. */
  exposureOf?(start: IntendedStart): Exposure;
}

/** All arms get every start, at the same moment. */
export function duet(arms: number): Assignment {
  const all = 2 ** arms - 1;
  return { armsOf: () => all };
}
