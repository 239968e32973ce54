/** What takes hours to show: an effect that drifts or wears off, and what a process does not give back. */
export { LEAK_JUDGED_MIN_NS } from "./growth.ts";
export type { SoakCourse, SoakRules, SoakSources } from "./model.ts";
export { findSettled, type Settled } from "./settle.ts";
export { isOfSoak, judgeSoaks, poolSoakRows, type Soaks } from "./soaks.ts";
