/** The dependency server: what answers the target's calls as slowly, and fails as often, as told. */
import { deferred } from "../core/index.ts";

export type { Counted, EmulatorSnapshot } from "./counters.ts";
export {
  type DependencySpec,
  dependencySchema,
  type HttpSpec,
  type TcpDependencySpec,
} from "./dependency.ts";
export type { JournalEntry } from "./journal.ts";
export { incidentSchema, type IncidentSpec } from "./timeline/index.ts";
export type { Admin } from "./admin/admin.ts";
export { Changes, type ReadDependency } from "./admin/changes.ts";
export type { Emulator, EmulatorAddresses, EmulatorOptions, EmulatorTotals } from "./emulator.ts";
export { capacitySchema } from "./capacity/index.ts";
export {
  createFaultModel,
  faultSchema,
  type FaultSpec,
  holdsFittedFaults,
  resolveFaults,
} from "./fault/index.ts";
export { isFitted } from "./fitted.ts";
export {
  createLatencyModel,
  latencySchema,
  type LatencySpec,
  resolveFitted,
} from "./latency/index.ts";
export { createLimiter, type LimitSharing, limitSchema, type LimitSpec } from "./limit/index.ts";
export type {
  Admitted,
  CallContext,
  Fault,
  FaultModel,
  LatencyModel,
  Limited,
  Limiter,
} from "./model.ts";
export { withStubs } from "./served-stubs.ts";
export {
  notOfTcpBecause,
  type Probe,
  type ProbeKind,
  probeKind,
  probeSchema,
  type ProbeWindow,
  withProbes,
} from "./probe.ts";
export { startEmulatorThread } from "./thread.ts";

// Sockets and all that is on them, which a thread that reads scenarios has no need of.
export const startAdmin = deferred(async () => (await import("./admin/admin.ts")).startAdmin);
export const startEmulator = deferred(async () => (await import("./emulator.ts")).startEmulator);
