import type { Observation } from "./observation.ts";
import { type Rows, visitRows } from "./rows.ts";
import { StartSet } from "./start-set.ts";

/** An observation of a request that was made. */
export type StartedObservation = Exclude<Observation, { kind: "dropped" }>;

/** No answer, or an answer that blames the server: what is a failure whatever was asked for. */
export function isFailure(observation: StartedObservation): boolean {
  return observation.kind === "error" || observation.status >= 500;
}

/**
 * Which starts were answered below 400 by some arm, by sequence number. A refusal (4xx) of such a
 * start is the arm's own doing; a refusal by every arm is what was asked for.
 */
export function answeredStarts(observations: Rows<Observation, unknown>): StartSet {
  const answered = new StartSet();
  visitRows(observations, (observation) => {
    if (observation.kind === "response" && observation.status < 400) answered.add(observation.seq);
  });
  return answered;
}
