/** From a profile and a target to its knee. */
export { type CeilingStep, generatorCeiling } from "./generator-ceiling.ts";
export type { SaturateFlags } from "./options.ts";
export {
  saturate,
  type SaturateEvent,
  type SaturateInput,
  type SaturateOutcome,
} from "./saturate.ts";
