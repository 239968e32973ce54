/** Records that wait until all of a capture was read: in memory, or in a file; then by arrival. */
export type { Arrivals } from "./arrivals.ts";
export {
  type HeldRecord,
  type HeldShared,
  type HeldView,
  ID_CHARS,
  type Precision,
  PRECISION,
  SHARED_TEXTS,
} from "./held.ts";
export { Spill } from "./spill.ts";
export type { SharedTexts } from "./texts.ts";
