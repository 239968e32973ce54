/** Revisions of a git repository: what stands in one, and two of them built side by side. */
export {
  type ArmRevision,
  type BuiltRevisions,
  buildRevisions,
  type WantedRevisions,
} from "./built.ts";
export { manifestRevisions, revisionsIn, withRevisions } from "./planned.ts";
export { type GitState, gitState } from "./state.ts";
