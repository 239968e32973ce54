/** Runs that were done apart: one kept for later, two beside each other. */
export { type BesideOptions, compareWithKept } from "./beside-kept.ts";
export { compareTwo, type NamedRun, type NoiseFlags } from "./compare.ts";
export {
  checkWorthKeeping,
  KEPT_MAX,
  type KeptFolder,
  type KeptRun,
  keptNameOf,
  readKeptFrom,
  writeKept,
} from "./kept.ts";
export type { Measured, SoundOrNot } from "./measured.ts";
