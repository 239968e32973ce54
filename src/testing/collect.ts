import type { ErrorKind, Observation } from "../measure/index.ts";
import type { ExchangeSink, PreparedRequest, Transport } from "../replay/index.ts";

/** What a transport told of one exchange. */
export interface ExchangeStory {
  /** The names of the sink's calls, in order: `start`, `firstByte`, `end` or `fail`. */
  readonly calls: readonly (keyof ExchangeSink)[];
  /** Null unless `firstByte` came. */
  readonly status: number | null;
  /** Null unless it ended with `end`. */
  readonly bytesIn: number | null;
  /** Null unless it ended with `fail`. */
  readonly error: ErrorKind | null;
}

export interface CollectedExchange {
  readonly sink: ExchangeSink;
  /** Resolves at the first `start`; never, when the exchange ends without one. */
  readonly started: Promise<void>;
  /** Resolves at the first `firstByte`; never, when the exchange ends without one. */
  readonly answering: Promise<void>;
  /** Resolves at the first `end` or `fail`. */
  readonly ended: Promise<ExchangeStory>;
  /** The story so far; after the end, too, so that a call too many shows. */
  story(): ExchangeStory;
}

/** A sink that keeps what it is told. */
export function collectExchange(): CollectedExchange {
  const calls: (keyof ExchangeSink)[] = [];
  let [status, bytesIn, error]: [number | null, number | null, ErrorKind | null] = [
    null,
    null,
    null,
  ];
  const started = Promise.withResolvers<void>();
  const answering = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<ExchangeStory>();
  const story = (): ExchangeStory => ({ calls: [...calls], status, bytesIn, error });
  return {
    started: started.promise,
    answering: answering.promise,
    ended: ended.promise,
    story,
    sink: {
      start() {
        calls.push("start");
        started.resolve();
      },
      firstByte(given) {
        calls.push("firstByte");
        status = given;
        answering.resolve();
      },
      end(given) {
        calls.push("end");
        bytesIn = given;
        ended.resolve(story());
      },
      fail(given) {
        calls.push("fail");
        error = given;
        ended.resolve(story());
      },
    },
  };
}

/** Sends one request and gives its whole story. */
export function exchangeOnce(
  transport: Transport,
  request: PreparedRequest,
  identity: readonly string[] = [],
): Promise<ExchangeStory> {
  const collected = collectExchange();
  transport.send(request, identity, collected.sink);
  return collected.ended;
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
