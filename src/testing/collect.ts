import type { ErrorKind, Observation } from "../measure/index.ts";
import { Exchange, type ExchangeSink, type PreparedRequest } from "../replay/index.ts";

/** What a transport told of one exchange. */
export interface ExchangeStory {
  /** The names of the sink's calls, in order: `started`, `firstByte`, `ended` or `failed`. */
  readonly calls: readonly (keyof ExchangeSink)[];
  /** Null unless `firstByte` came. */
  readonly status: number | null;
  /** Null unless it ended with `ended`. */
  readonly bytesIn: number | null;
  /** Null unless it ended with `failed`. */
  readonly error: ErrorKind | null;
}

export interface CollectedExchange {
  readonly exchange: Exchange;
  /** Resolves at the first `started`; never, when the exchange ends without one. */
  readonly started: Promise<void>;
  /** Resolves at the first `firstByte`; never, when the exchange ends without one. */
  readonly answering: Promise<void>;
  /** Resolves at the first `ended` or `failed`. */
  readonly ended: Promise<ExchangeStory>;
  /** The story so far; after the end, too, so that a call too many shows. */
  story(): ExchangeStory;
}

/** What an exchange may carry beside its request. */
export type ExchangeParts = Partial<
  Pick<Exchange, "seq" | "traceparent" | "requestId" | "session" | "wantsContent">
>;

interface Entry {
  readonly exchange: Exchange;
  readonly calls: (keyof ExchangeSink)[];
  status: number | null;
  bytesIn: number | null;
  error: ErrorKind | null;
  readonly started: PromiseWithResolvers<void>;
  readonly answering: PromiseWithResolvers<void>;
  readonly ended: PromiseWithResolvers<ExchangeStory>;
}

const storyOf = ({ calls, status, bytesIn, error }: Entry): ExchangeStory => ({
  calls: [...calls],
  status,
  bytesIn,
  error,
});

/** A sink that keeps what it is told of each exchange that `collect` made. */
export class CollectingSink implements ExchangeSink {
  readonly #entries = new WeakMap<Exchange, Entry>();

  /** Makes an exchange, ready to be sent, and collects what is told of it. */
  collect(request: PreparedRequest, parts: ExchangeParts = {}): CollectedExchange {
    const exchange = Object.assign(new Exchange(), parts, { request });
    const entry: Entry = {
      exchange,
      calls: [],
      status: null,
      bytesIn: null,
      error: null,
      started: Promise.withResolvers(),
      answering: Promise.withResolvers(),
      ended: Promise.withResolvers(),
    };
    this.#entries.set(exchange, entry);
    return {
      exchange,
      started: entry.started.promise,
      answering: entry.answering.promise,
      ended: entry.ended.promise,
      story: () => storyOf(entry),
    };
  }

  started(exchange: Exchange): void {
    this.#told(exchange, "started").started.resolve();
  }

  firstByte(exchange: Exchange, status: number): void {
    const entry = this.#told(exchange, "firstByte");
    entry.status = status;
    entry.answering.resolve();
  }

  ended(exchange: Exchange, bytesIn: number): void {
    const entry = this.#told(exchange, "ended");
    entry.bytesIn = bytesIn;
    entry.ended.resolve(storyOf(entry));
  }

  failed(exchange: Exchange, error: ErrorKind): void {
    const entry = this.#told(exchange, "failed");
    entry.error = error;
    entry.ended.resolve(storyOf(entry));
  }

  #told(exchange: Exchange, call: keyof ExchangeSink): Entry {
    const entry = this.#entries.get(exchange);
    if (entry === undefined) throw new Error(`told of an exchange that was not sent: ${call}`);
    entry.calls.push(call);
    return entry;
  }
}

/** A transport, and the sink that it was made with. */
export interface Collecting {
  readonly transport: { send(exchange: Exchange): void };
  readonly sink: CollectingSink;
}

/** Sends one request. */
export function collectExchange(
  { transport, sink }: Collecting,
  request: PreparedRequest,
  parts?: ExchangeParts,
): CollectedExchange {
  const collected = sink.collect(request, parts);
  transport.send(collected.exchange);
  return collected;
}

/** Sends one request and gives its whole story. */
export function exchangeOnce(
  collecting: Collecting,
  request: PreparedRequest,
  parts?: ExchangeParts,
): Promise<ExchangeStory> {
  return collectExchange(collecting, request, parts).ended;
}

/** Keeps observations, and looks them up. */
export class ObservationList {
  readonly all: Observation[] = [];
  readonly add = (observation: Observation): void => void this.all.push(observation);

  ofKind<K extends Observation["kind"]>(kind: K): readonly Extract<Observation, { kind: K }>[] {
    return this.all.filter((each): each is Extract<Observation, { kind: K }> => each.kind === kind);
  }

  ofArm(arm: number): readonly Observation[] {
    return this.all.filter((each) => each.arm === arm);
  }
}
