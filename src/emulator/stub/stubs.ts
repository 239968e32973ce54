import { type Draw, messageOf } from "../../core/index.ts";
import type { FaultSpec } from "../fault/index.ts";
import type { AnswerHeaders } from "../headers.ts";
import type { LatencySpec } from "../latency/index.ts";
import type { CallContext, Fault, Transfer, UpstreamCall } from "../model.ts";
import { type Condition, conditionsOf } from "./request-test.ts";
import { RequestView } from "./request-view.ts";
import { createResponder, type Responder } from "./responder.ts";
import { type StubSpec, stubName } from "./schema.ts";
import { StubIndex } from "./stub-index.ts";

const STARTED = "Started";
const FAILED = {
  status: 500,
  statusText: undefined,
  headers: {},
  body: Buffer.alloc(0),
  upstream: null,
};

export interface StubOptions {
  /**
   * What `now` starts from, in a template and in a matcher of dates: milliseconds since the epoch, at
   * a moment of the emulator's.
   */
  readonly wallMsAt: (nowNs: number) => number;
}

/** How a matched call is answered. */
export interface StubHit {
  /** The stub's place in the list that was given. */
  readonly index: number;
  readonly name: string;
  readonly status: number;
  /** Undefined: the status's own. */
  readonly statusText: string | undefined;
  readonly headers: AnswerHeaders;
  readonly body: Buffer;
  /** Why it could not be made, and of which stub; null: it could. The rest is then an empty 500. */
  readonly failed: string | null;
  /** What went wrong in making it, each with its place: why it failed, or a text that stayed a template. */
  readonly notes: readonly string[];
  /** Something real that answers in its place; null: nothing. */
  readonly upstream: UpstreamCall | null;
  /** Null: the dependency's own. */
  readonly latency: LatencySpec | null;
  /** Null: the dependency's own. */
  readonly errors: FaultSpec | null;
  /** Strikes every call that this stub answers; null: none. */
  readonly fault: Fault | null;
  /** Null: the dependency's own. */
  readonly transfer: Transfer | null;
}

/** The stub that failed the fewest conditions. */
export interface NearMiss {
  readonly name: string;
  /** What of it does not hold, e.g. `header accept`; never empty. */
  readonly differs: readonly string[];
}

/** A dependency's stubs. They keep states and sequences, so each arm has its own. */
export interface Stubs {
  /**
   * The answer of the first stub that matches, whose state changes and whose sequence goes on; null:
   * none matches. Uses draw fields that begin with `stub`.
   */
  match(call: CallContext, body: Buffer, draw: Draw): StubHit | null;
  /** For a call that matched nothing; null: there are no stubs. */
  nearMiss(call: CallContext, body: Buffer): NearMiss | null;
  /** Every state machine back to `Started`, every sequence to its beginning. */
  reset(): void;
  /** State machine → the state it is in. */
  states(): Readonly<Record<string, string>>;
  /** @returns whether there is a state machine of that name */
  setState(scenario: string, state: string): boolean;
}

interface Prepared {
  readonly index: number;
  readonly spec: StubSpec;
  readonly name: string;
  readonly conditions: readonly Condition[];
  readonly responders: readonly Responder[];
  used: number;
}

/**
 * The stubs, in their first states. Body files have been read in (`withBodyFiles`).
 * @throws SCENARIO_INVALID when a template is not one, or calls a helper that there is not
 */
export function createStubs(specs: readonly StubSpec[], options: StubOptions): Stubs {
  const prepared = specs
    .map((spec, index) => prepare(spec, index))
    .toSorted((a, b) => a.spec.priority - b.spec.priority || a.index - b.index);
  const lookup = new StubIndex(prepared.map(({ spec }) => spec));
  const states = new Map<string, string>();
  const reset = (): void => {
    for (const stub of prepared) {
      stub.used = 0;
      for (const machine of machinesOf(stub.spec)) states.set(machine, STARTED);
    }
  };
  reset();
  const inState = ({ scenario, whenState, whenStates }: StubSpec): boolean =>
    (whenState === undefined || states.get(scenario!) === whenState) &&
    (whenStates === undefined ||
      Object.entries(whenStates).every(([machine, state]) => states.get(machine) === state));
  const viewOf = (call: CallContext, body: Buffer): RequestView =>
    new RequestView(call, body, options.wallMsAt(call.nowNs), states);
  return {
    match(call, body, draw) {
      const view = viewOf(call, body);
      const rank = lookup.find(view.path, (each) => {
        const { conditions, spec } = prepared[each]!;
        return inState(spec) && conditions.every(({ holds }) => holds(view));
      });
      if (rank < 0) return null;
      const stub = prepared[rank]!;
      // A template knows the states that the call has met.
      const hit = answer(stub, view, draw);
      const { scenario, thenState, thenStates = {} } = stub.spec;
      if (scenario !== undefined && thenState !== undefined) states.set(scenario, thenState);
      for (const [machine, state] of Object.entries(thenStates)) states.set(machine, state);
      return hit;
    },
    nearMiss: (call, body) => nearMissOf(prepared, inState, viewOf(call, body)),
    reset,
    states: () => Object.fromEntries(states),
    setState(scenario, state) {
      if (!states.has(scenario)) return false;
      states.set(scenario, state);
      return true;
    },
  };
}

const machinesOf = ({ scenario, thenStates, whenStates }: StubSpec): readonly string[] => [
  ...(scenario === undefined ? [] : [scenario]),
  ...Object.keys({ ...whenStates, ...thenStates }),
];

const wantedStates = ({ scenario, whenState, whenStates = {} }: StubSpec): readonly string[] =>
  [...(whenState === undefined ? [] : [[scenario, whenState]]), ...Object.entries(whenStates)].map(
    ([machine, state]) => `state ${state} of ${machine}`,
  );

function prepare(spec: StubSpec, index: number): Prepared {
  const responses = spec.sequence ?? [
    spec.response ?? { status: 200, headers: {}, template: false, parameters: {} },
  ];
  const name = stubName(spec);
  const place = `stub ${index + 1} (${name})`;
  return {
    index,
    spec,
    name,
    conditions: conditionsOf(spec.request),
    responders: responses.map((response) => createResponder(response, spec, place)),
    used: 0,
  };
}

/** A call that no response can be made of is told so: it must not end the emulator. */
function responded(responder: Responder, view: RequestView, draw: Draw) {
  try {
    return { ...responder(view, draw), failed: null, notes: view.notes };
  } catch (thrown) {
    view.notes.push(messageOf(thrown));
    return { ...FAILED, failed: messageOf(thrown), notes: view.notes };
  }
}

function answer(stub: Prepared, view: RequestView, draw: Draw): StubHit {
  const { index, name, responders, spec } = stub;
  const place = spec.then === "cycle" ? stub.used % responders.length : stub.used;
  const responder = responders[Math.min(place, responders.length - 1)]!;
  stub.used++;
  return {
    index,
    name,
    ...responded(responder, view, draw),
    latency: spec.latency ?? null,
    errors: spec.errors ?? null,
    fault: spec.fault ?? null,
    transfer: spec.transfer ?? null,
  };
}

function nearMissOf(
  prepared: readonly Prepared[],
  inState: (spec: StubSpec) => boolean,
  view: RequestView,
): NearMiss | null {
  let best: NearMiss | null = null;
  for (const { conditions, name, spec } of prepared) {
    const differs = conditions.filter(({ holds }) => !holds(view)).map(({ what }) => what);
    if (!inState(spec)) differs.push(...wantedStates(spec));
    if (best === null || differs.length < best.differs.length) best = { name, differs };
  }
  return best;
}
