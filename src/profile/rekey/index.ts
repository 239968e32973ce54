/** Keys of their own for the copies of a capture: planned once, made when asked for. */
export { planRekeying, type RekeyOptions, type RekeyPlan } from "./plan.ts";
export { makeRekeyer, type Rekeyer } from "./rekey.ts";
