/**
 * For tests of shakedown and of its plug-ins: virtual time, loopback targets, a scripted transport
 * and the contract suites. The suites take `describe` and `it` of any test runner.
 */
export { plainCall } from "./calls.ts";
export { selfSignedCertificate, type TestCertificate } from "./certificate.ts";
export {
  type CollectedExchange,
  collectExchange,
  type Collecting,
  CollectingSink,
  exchangeOnce,
  type ExchangeParts,
  type ExchangeStory,
  ObservationList,
} from "./collect.ts";
export {
  emulate,
  type EmulatedDependency,
  type EmulateOptions,
  type WrittenDependency,
} from "./emulate.ts";
export {
  type LoopbackHandler,
  type LoopbackOptions,
  type LoopbackReply,
  type LoopbackTarget,
  loopbackTarget,
  type SeenRequest,
} from "./loopback.ts";
export { type RawRequest, type RawTarget, rawTarget, type RawTargetOptions } from "./raw-target.ts";
export { scheduleContract, type ScheduleMaker } from "./schedule-contract.ts";
export {
  type ScriptedEnd,
  type ScriptedExchange,
  type ScriptedTransport,
  scriptedTransport,
  type ScriptOptions,
} from "./scripted-transport.ts";
export type { Suite } from "./suite.ts";
export { transportContract, type TransportKind } from "./transport-contract.ts";
export { createVirtualTime, type VirtualTime } from "./virtual-time.ts";
