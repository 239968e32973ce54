/** How an arrival rate moves over time: one file per shape. */
export { linearRate } from "./ramp.ts";
export type { RateShape } from "./shape.ts";
export { type Sinusoid, sinusoidRate } from "./sinusoid.ts";
export { steadyRate } from "./steady.ts";
