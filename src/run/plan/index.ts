/** A scenario's plan before any traffic: what it can show, and the lock that it is held against. */
export { checkLock, type LockRecord, lockPathOf, type PlanLock, writeLock } from "./lock.ts";
export { type LockSince, lockSince } from "./lock-since.ts";
export { type PlannedScenario, type PlanProblem, planScenario } from "./plan-scenario.ts";
