/** The open-loop generator: sends what is due, when it is due, and says what became of it. */
export { type Asked, askerOf } from "./ask.ts";
export * from "./assignment/index.ts";
export { isRepeat, plannedSeq, responseRules, type ResponseRules } from "./answers/index.ts";
export { Exchange } from "./exchange.ts";
export { type AnsweringTarget, startAnsweringTarget } from "./generator/answering-target.ts";
export {
  type ArmBlockCounts,
  BlockCounter,
  type BlocksMessage,
  type LookedAt,
  NOTHING_LOOKED_AT,
} from "./generator/block-counts.ts";
export {
  addCounts,
  type ArmCounts,
  Counter,
  type CountsMessage,
  emptyCounts,
} from "./generator/counts.ts";
export {
  type GeneratorEvents,
  type Generators,
  type GeneratorTotals,
  startGenerators,
  type ThinnedGenerators,
} from "./generator/generators.ts";
export { allStarts } from "./generator/shard.ts";
export { writeUntold } from "./generator/untold.ts";
export {
  type AssignedStarts,
  type GeneratorArm,
  type GeneratorJob,
  NOTHING_DONE,
  type Shard,
  type StageArrivals,
  sumCounts,
  type WorkerTotals,
} from "./generator/job.ts";
export { type PacingChoice, choosePacing, chooseWorkers, goesFirst } from "./pacing.ts";
export {
  type PrepareFor,
  preparedRequest,
  type PreparedRequest,
  prepareRequest,
} from "./prepare.ts";
export { reach, type Reachable } from "./reach.ts";
export { replay, type ReplayArm, type ReplayOptions } from "./replay.ts";
export { ProfileRequests, type ProfileRequestsOptions, type RequestSource } from "./requests.ts";
export * from "./substitute/index.ts";
export type { Thinning } from "./thinner.ts";
export * from "./transports/index.ts";
