import type { Observation } from "../../src/measure/index.ts";
import {
  preparedRequest,
  type PreparedRequest,
  replay,
  type ReplayOptions,
  type RequestSource,
} from "../../src/replay/index.ts";
import type { IntendedStart } from "../../src/schedule/index.ts";
import {
  createVirtualTime,
  ObservationList,
  type ScriptedEnd,
  type ScriptedExchange,
  type ScriptedTransport,
  scriptedTransport,
  type VirtualTime,
} from "../../src/testing/index.ts";

export const RUN_ID = "00000000000000aa";
export const MS = 1_000_000;
export const S = 1_000_000_000;

export type Script = (exchange: ScriptedExchange, time: VirtualTime) => ScriptedEnd;

export interface VirtualRun {
  readonly time: VirtualTime;
  readonly observations: ObservationList;
  readonly transports: readonly ScriptedTransport[];
  /** Stages in the order in which they were announced, and when. */
  readonly stages: readonly { readonly stage: number; readonly atNs: number }[];
  readonly stopping: AbortController;
  readonly done: Promise<void>;
  /** What `done` has come to so far: undefined while the replay goes on. */
  outcome(): Promise<"resolved" | { readonly rejected: unknown } | undefined>;
}

export const answer = (afterNs: number): ScriptedEnd => ({ kind: "answer", afterNs });

const REQUESTS: readonly PreparedRequest[] = [0, 1, 2].map((route) =>
  preparedRequest({ method: "GET", path: `/${route}`, headers: [], body: null, route }),
);

/** A start of the first stage; it takes the requests in turn. */
export const startAt = (seq: number, intendedNs: number, stage = 0): IntendedStart => ({
  seq,
  intendedNs,
  stage,
  record: seq % REQUESTS.length,
  copy: 0,
});

/** Evenly spaced starts of one stage, the first at 0. */
export const every = (gapNs: number, count: number): IntendedStart[] =>
  Array.from({ length: count }, (_, seq) => startAt(seq, seq * gapNs));

/** Three requests, each a route of its own. */
export const requests: RequestSource = {
  prepare: () => {},
  fill(exchange, { record }) {
    exchange.request = REQUESTS[record]!;
  },
  routeOf: ({ record }) => record,
  learn: () => {},
};
/** What the request of a route takes on the wire. */
export const bytesOutOf = (route: number): number => REQUESTS[route]!.bytesOut;

interface VirtualRunOptions extends Partial<ReplayOptions> {
  readonly stopping?: AbortController;
}

/** A replay in virtual time, begun and waiting for time to move. */
export function virtualRun(
  starts: Iterable<IntendedStart>,
  scripts: readonly Script[],
  { stopping = new AbortController(), ...more }: VirtualRunOptions = {},
): VirtualRun {
  const time = createVirtualTime();
  const observations = new ObservationList();
  const stages: { stage: number; atNs: number }[] = [];
  const transports = scripts.map((script) =>
    scriptedTransport({ time }, (exchange) => script(exchange, time)),
  );
  const done = replay(
    {
      arms: transports.map(({ make }, i) => ({ name: `arm ${i}`, makeTransport: make, requests })),
      starts: starts[Symbol.iterator](),
      runId: RUN_ID,
      seed: "seed",
      inFlightMax: 1_000,
      timeoutNs: 10 * S,
      clock: time.clock,
      deadlines: time.deadlines,
      onObservation: observations.add,
      onStage: (stage) => stages.push({ stage, atNs: time.clock.nowNs() }),
      ...more,
    },
    stopping.signal,
  );
  const settled = done.then(
    () => "resolved" as const,
    (rejected: unknown) => ({ rejected }),
  );
  const outcome = async () => {
    // A turn of the loop: what was to be settled, after closing the transports, is settled then.
    await new Promise((resolve) => setImmediate(resolve));
    return Promise.race([settled, Promise.resolve(undefined)]);
  };
  return { time, observations, transports, stages, stopping, done, outcome };
}

export const lagNs = (each: Exclude<Observation, { kind: "dropped" }>): number =>
  each.startNs - each.intendedNs;
export const responseNs = (each: Exclude<Observation, { kind: "dropped" }>): number =>
  each.endNs - each.intendedNs;
export const serviceNs = (each: Exclude<Observation, { kind: "dropped" }>): number =>
  each.endNs - each.startNs;
