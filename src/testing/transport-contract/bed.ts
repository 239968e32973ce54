import {
  type ExchangeSink,
  type MakeTransport,
  preparedRequest,
  type PreparedRequest,
  type Transport,
  TRANSPORT_LIMITS,
  type TransportLimits,
  type TransportTarget,
} from "../../replay/index.ts";
import { selfSignedCertificate, type TestCertificate } from "../certificate.ts";
import { CollectingSink, type ExchangeStory } from "../collect.ts";
import {
  type LoopbackHandler,
  type LoopbackOptions,
  type LoopbackTarget,
  loopbackTarget,
} from "../loopback.ts";

/** What is spoken between a transport and its target. */
export interface TransportKind {
  /** Over TLS. */
  readonly secure?: boolean;
  readonly http2?: boolean;
}

/** A transport on its target; both go when it is disposed of. */
export interface Bed<T> extends AsyncDisposable {
  readonly transport: Transport;
  readonly sink: CollectingSink;
  readonly target: T;
  /** The same transport once more, with a sink of the caller's. */
  another(sink: ExchangeSink): Transport;
}

export type Setup = (
  handler: LoopbackHandler,
  limits?: Partial<TransportLimits>,
  options?: LoopbackOptions,
) => Promise<Bed<LoopbackTarget>>;

export const OK = { kind: "answer", body: "hello" } as const;

/** The certificate of the targets of the contract. */
export const targetCertificate = (): TestCertificate =>
  selfSignedCertificate(["localhost", "127.0.0.1"]);

export function bedMaker(make: MakeTransport, kind: TransportKind): Setup {
  return async (handler, limits, options) => {
    const { secure = false, http2 = false } = kind;
    const target = await loopbackTarget(handler, {
      http2,
      ...(secure ? { certificate: targetCertificate() } : {}),
      ...options,
    });
    return bedOn(make, target, target.target, limits);
  };
}

/** A transport with a sink that collects, and the end of both it and its target. */
export function bedOn<T extends AsyncDisposable>(
  make: MakeTransport,
  target: T,
  to: TransportTarget,
  limits: Partial<TransportLimits> = {},
): Bed<T> {
  const sink = new CollectingSink();
  const transports: Transport[] = [];
  const another = (given: ExchangeSink): Transport => {
    const made = make(to, { ...TRANSPORT_LIMITS, connectionsMax: 4, ...limits }, given);
    transports.push(made);
    return made;
  };
  return {
    transport: another(sink),
    sink,
    target,
    another,
    async [Symbol.asyncDispose]() {
      await Promise.all(transports.map((each) => each.close()));
      await target[Symbol.asyncDispose]();
    },
  };
}

/** A GET of `/`, but for what is given. */
export function requestTo(
  origin: string,
  parts: Partial<Pick<PreparedRequest, "method" | "path" | "headers" | "body">> = {},
): PreparedRequest {
  const headers = ["host", new URL(origin).host];
  return preparedRequest({ method: "GET", path: "/", headers, body: null, route: 0, ...parts });
}

/** The story of an exchange that was answered. */
export const answered = (status: number, bytesIn: number): ExchangeStory => ({
  calls: ["started", "firstByte", "ended"],
  status,
  bytesIn,
  error: null,
});

/** The story of an exchange that left and was never answered. */
export const unanswered = (error: ExchangeStory["error"]): ExchangeStory => ({
  calls: ["started", "failed"],
  status: null,
  bytesIn: null,
  error,
});
