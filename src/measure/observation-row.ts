import { DROP_REASONS, ERROR_KINDS, type Observation } from "./observation.ts";
import type { Filled } from "./rows.ts";
import type { Columns } from "./spool-layout.ts";

/** 40 bytes an observation. Deltas are in units of 100 ns, which reach 429 s. */
export const OBSERVATION_COLUMNS = {
  intendedNs: "f64",
  seq: "u32",
  startLag100ns: "u32",
  firstByte100ns: "u32",
  service100ns: "u32",
  bytesIn: "u32",
  bytesOut: "u32",
  route: "u16",
  status: "u16",
  outcome: "u8",
  /** Of the start lag, in 255ths: what was spent waiting for a connection. */
  connectionWait255: "u8",
  arm: "u8",
  stage: "u8",
} as const;

/** An outcome is 0 for a response, else where a list begins plus the place in it. */
export const ERRORS_FROM = 1;
export const DROPS_FROM = 128;
export const UNIT_NS = 100;

type ObservationColumns = Columns<typeof OBSERVATION_COLUMNS>;

/** How a row ended, as the spool writes it. */
function outcomeOf(observation: Observation): number {
  if (observation.kind === "response") return 0;
  return observation.kind === "error"
    ? ERRORS_FROM + ERROR_KINDS.indexOf(observation.error)
    : DROPS_FROM + DROP_REASONS.indexOf(observation.reason);
}

/** Writes what is known of every row: what was planned, and how it ended. */
export function putPlanned(c: ObservationColumns, row: number, observation: Observation): void {
  c.intendedNs[row] = observation.intendedNs;
  c.seq[row] = observation.seq;
  c.route[row] = observation.route;
  c.arm[row] = observation.arm;
  c.stage[row] = observation.stage;
  c.outcome[row] = outcomeOf(observation);
}

/** When a request left, by its start lag; and when it ended; of a dropped start, nothing. */
const startOf = (intendedNs: number, lag: number): number => intendedNs + lag * UNIT_NS;
const endOf = (startNs: number, service: number): number => startNs + service * UNIT_NS;
/** Of a start lag, what was waited for a connection: few wait for one, and to divide takes longest. */
const waitOf = (lag: number, part: number): number =>
  part === 0 ? 0 : (lag * UNIT_NS * part) / 255;

/** Fills in when the requests of rows left, from one up to before another. */
export function startTimes(
  { intendedNs, startLag100ns: lag }: ObservationColumns,
  into: Float64Array,
  from: number,
  to: number,
): void {
  for (let row = from; row < to; row++) into[row] = startOf(intendedNs[row]!, lag[row]!);
}

/** As `startTimes`, when they ended. */
export function endTimes(
  { intendedNs, service100ns: service, startLag100ns: lag }: ObservationColumns,
  into: Float64Array,
  from: number,
  to: number,
): void {
  for (let row = from; row < to; row++) {
    into[row] = endOf(startOf(intendedNs[row]!, lag[row]!), service[row]!);
  }
}

/** As `startTimes`, what they waited for a connection. */
export function connectionWaits(
  { connectionWait255: part, startLag100ns: lag }: ObservationColumns,
  into: Float64Array,
  from: number,
  to: number,
): void {
  for (let row = from; row < to; row++) into[row] = waitOf(lag[row]!, part[row]!);
}

type FilledOf<Kind extends Observation["kind"]> = Filled<Extract<Observation, { kind: Kind }>>;

/** Numbers that begin as no whole ones: their places are made for any, once. */
const planned = () => ({ arm: 0, stage: 0, seq: 0, route: 0, intendedNs: NaN });
const started = () => ({ ...planned(), startNs: NaN, endNs: NaN, connectionWaitNs: NaN });

/** Rows of an observation spool as objects: one of each kind, which is filled anew for each row. */
export class ObservationReader {
  readonly #response: FilledOf<"response"> = {
    kind: "response",
    ...started(),
    firstByteNs: NaN,
    status: 0,
    bytesIn: 0,
    bytesOut: 0,
  };
  readonly #error: FilledOf<"error"> = { kind: "error", ...started(), error: "timeout" };
  readonly #dropped: FilledOf<"dropped"> = {
    kind: "dropped",
    ...planned(),
    reason: "in-flight-cap",
    count: 0,
  };

  /** The object is this reader's own: the next call fills it again. */
  read(c: ObservationColumns, row: number): Observation {
    const outcome = c.outcome[row]!;
    if (outcome >= DROPS_FROM) {
      fillPlanned(this.#dropped, c, row);
      this.#dropped.reason = DROP_REASONS[outcome - DROPS_FROM]!;
      this.#dropped.count = c.service100ns[row]!;
      return this.#dropped;
    }
    if (outcome >= ERRORS_FROM) {
      fillStarted(this.#error, c, row);
      this.#error.error = ERROR_KINDS[outcome - ERRORS_FROM]!;
      return this.#error;
    }
    const response = this.#response;
    fillStarted(response, c, row);
    response.firstByteNs = response.startNs + c.firstByte100ns[row]! * UNIT_NS;
    response.status = c.status[row]!;
    response.bytesIn = c.bytesIn[row]!;
    response.bytesOut = c.bytesOut[row]!;
    return response;
  }
}

function fillPlanned(
  into: FilledOf<Observation["kind"]>,
  c: ObservationColumns,
  row: number,
): void {
  into.arm = c.arm[row]!;
  into.stage = c.stage[row]!;
  into.seq = c.seq[row]!;
  into.route = c.route[row]!;
  into.intendedNs = c.intendedNs[row]!;
}

function fillStarted(
  into: FilledOf<"response"> | FilledOf<"error">,
  c: ObservationColumns,
  row: number,
): void {
  fillPlanned(into, c, row);
  const lag = c.startLag100ns[row]!;
  into.startNs = startOf(c.intendedNs[row]!, lag);
  into.endNs = endOf(into.startNs, c.service100ns[row]!);
  into.connectionWaitNs = waitOf(lag, c.connectionWait255[row]!);
}
