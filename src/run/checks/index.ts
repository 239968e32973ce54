/** What must hold of the instrument before anything that it shows is believed. */
import type { Check, CheckInput } from "./check.ts";
import { company } from "./interference.ts";
import { fleetChecks } from "./fleet.ts";
import { flushChecks } from "./flushes.ts";
import { history } from "./history.ts";
import { delayError, type Late, lateChecks, lateOf, startLag } from "./lateness.ts";
import { negativeControls } from "./negative-controls.ts";
import { measured, pairing, sampleRatios } from "./pairing.ts";
import { sendOrder } from "./send-order.ts";
import { splitChecks } from "./split.ts";
import { drift } from "./steadiness.ts";

export { type Check, inJudgedTime } from "./check.ts";
export { harmAtStop } from "./harm-at-stop.ts";
export { besideAllRuns, type Late } from "./lateness.ts";
export { JudgedCounts } from "./pairing.ts";
export { SendOrders } from "./send-order.ts";
export { KEYS_MIN, keysByStage, lnRatioBoundary } from "./split.ts";

/** Every check that the run's files allow, and what of the instrument was late. */
export function instrumentChecks(input: CheckInput): {
  readonly checks: readonly Check[];
  readonly late: readonly Late[];
} {
  const [lag, delays] = [startLag(input), delayError(input)];
  const checks = [
    measured(input),
    ...pairing(input),
    ...splitChecks(input),
    ...sampleRatios(input),
    ...sendOrder(input),
    ...lateChecks([lag], input),
    ...fleetChecks(input),
    ...flushChecks(input),
    ...lateChecks(delays, input),
    ...drift(input),
    ...negativeControls(input),
    ...company(input),
    ...history(input),
  ];
  return { checks, late: lateOf([lag, ...delays]) };
}
