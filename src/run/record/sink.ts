import { retryAfterMsOf } from "../../capture/index.ts";
import { readHead, type RecordedExchange } from "../../emulator/record/index.ts";
import { type Door, type ReadExchange, traceIdOf, unusableBecause } from "./door.ts";
import type { Recording } from "./recording.ts";

export interface SinkCounts {
  /** Requests of the service that are in the recording. */
  readonly recorded: number;
  readonly calls: number;
  /** Exchanges that a profile cannot hold, by reason. */
  readonly unrecorded: Readonly<Record<string, number>>;
}

export interface SinkOptions {
  readonly recording: Recording;
  readonly door: Door;
  /** The origin of the exchanges' times, in nanoseconds since 1970. */
  readonly epochNs: bigint;
  /** Requests of the service beyond so many are passed over. */
  readonly requestsMax: number;
  /** So many were recorded. */
  readonly onEnough: () => void;
}

/** Takes exchanges from the proxies, redacts them, and writes them. */
export class Sink {
  readonly #options: SinkOptions;
  #recorded = 0;
  #calls = 0;
  readonly #unrecorded = new Map<string, number>();

  constructor(options: SinkOptions) {
    this.#options = options;
  }

  get counts(): SinkCounts {
    const unrecorded = Object.fromEntries(this.#unrecorded);
    return { recorded: this.#recorded, calls: this.#calls, unrecorded };
  }

  /** `dependency`: null for the service. */
  take(dependency: string | null, exchange: RecordedExchange): void {
    const read = readHead(exchange.head);
    const because = read === null ? "a header line has no name" : unusableBecause(read);
    if (read === null || because !== null) this.#leaveOut(because!);
    else if (dependency === null) this.#request({ ...exchange, ...read });
    else this.#call(dependency, { ...exchange, ...read });
  }

  #request(exchange: ReadExchange): void {
    const { door, epochNs, recording, requestsMax, onEnough } = this.#options;
    if (this.#recorded >= requestsMax) return;
    const { endNs, headers, startNs } = exchange;
    const atNs = { start: epochNs + BigInt(startNs), end: epochNs + BigInt(endNs) };
    let gor: ReturnType<Door["gorText"]>;
    try {
      gor = door.gorText(exchange, atNs);
    } catch {
      // Its own words could be the body's: what cannot be read cannot be redacted either.
      this.#leaveOut("the body could not be redacted");
      return;
    }
    const traceId = traceIdOf(headers);
    recording.note({ kind: "request", startNs, endNs, traceId, bodyLost: gor.bodyLost });
    recording.request(gor.text);
    this.#recorded++;
    if (this.#recorded === requestsMax) onEnough();
  }

  #call(dependency: string, exchange: ReadExchange): void {
    const { endNs, headers, method, outcome, retryAfter, startNs, status, target } = exchange;
    const answeredMs = Number((this.#options.epochNs + BigInt(endNs)) / 1_000_000n);
    const waitMs = retryAfter === undefined ? undefined : retryAfterMsOf(retryAfter, answeredMs);
    this.#calls++;
    this.#options.recording.note({
      kind: "call",
      dependency,
      traceId: traceIdOf(headers),
      method,
      path: this.#options.door.target(target),
      startNs,
      endNs,
      ...(status === undefined ? {} : { status }),
      failed: outcome !== "answered",
      ...(waitMs === undefined ? {} : { retryAfterMs: waitMs }),
    });
  }

  #leaveOut(reason: string): void {
    this.#unrecorded.set(reason, (this.#unrecorded.get(reason) ?? 0) + 1);
  }
}
