/** Which arms get a start: all at once, one by whose it is, or one after the other. */
export { type Assignment, duet, type Exposure } from "./assignment.ts";
export { crossover, periodOrder, repeatedStarts } from "./crossover.ts";
export { keyMatcher, recordKeys } from "./keys.ts";
export {
  type AssignmentSpec,
  type CrossoverSpec,
  EXPOSURE_PARTS,
  type ExposurePart,
  type SplitBy,
  type SplitSpec,
} from "./spec.ts";
export { plannedShares, type RecordKeys, SplitAssignment } from "./split.ts";
