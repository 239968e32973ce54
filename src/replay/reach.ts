import { messageOf, ShakedownError, systemCodeOf } from "../core/index.ts";
import type { TlsOptions, TransportTarget } from "./transports/transport.ts";
import { socketOpener } from "./transports/undici/open-socket.ts";

/** An arm that runs already. */
export interface Reachable {
  readonly arm: string;
  /** Scheme, host and port, without a path. */
  readonly url: string;
  readonly tls: TlsOptions | null;
  readonly http2: boolean;
}

const CONNECT_WITHIN_MS = 5_000;

const WORDS: Readonly<Record<string, string>> = {
  ENOTFOUND: "its name is not known (DNS)",
  EAI_AGAIN: "its name could not be looked up (DNS)",
  ECONNREFUSED: "it refuses connections",
  EHOSTUNREACH: "there is no way to it",
  ENETUNREACH: "there is no way to it",
};

/** The system's code of an error, or of what caused it. */
const codeOf = (thrown: unknown): string =>
  systemCodeOf(thrown) ??
  (thrown instanceof Error && thrown.cause !== undefined ? codeOf(thrown.cause) : "");

function unreachable(arm: string, origin: string, cause: unknown, late: boolean): ShakedownError {
  const code = codeOf(cause);
  const inner = cause instanceof Error && cause.cause !== undefined ? cause.cause : cause;
  const waited = late ? `no connection within ${CONNECT_WITHIN_MS / 1_000} s` : null;
  const why = waited ?? WORDS[code] ?? messageOf(inner);
  const distrusted = /CERT|SELF_SIGNED|ISSUER|ALTNAME/.test(code);
  return new ShakedownError("TARGET_UNREACHABLE", `arm ${arm}: cannot reach ${origin}: ${why}`, {
    hint: distrusted
      ? "name its authority with `tls.ca` (--ca), or take any certificate with `tls.insecure` (--insecure)"
      : "start it first, or correct the address",
    cause,
  });
}

/**
 * Connects once, without asking for anything: a name is looked up here and never again, and a
 * certificate that does not hold, or HTTP/2 that is not spoken, is found before the run.
 * @throws TARGET_UNREACHABLE; USAGE when a certificate or a key is not one
 */
export async function reach(
  { arm, http2, tls, url }: Reachable,
  signal: AbortSignal,
): Promise<TransportTarget> {
  const { hostname, origin } = new URL(url);
  // Without the brackets that an IPv6 address has in a URL.
  const host = hostname.replaceAll(/^\[|\]$/g, "");
  const open = socketOpener({ origin, address: host, tls, http2 });
  const inTime = AbortSignal.any([signal, AbortSignal.timeout(CONNECT_WITHIN_MS)]);
  const opened = Promise.withResolvers<string>();
  const socket = open((error) => {
    if (error === null) opened.resolve(socket.remoteAddress ?? host);
    else opened.reject(error);
  });
  inTime.addEventListener("abort", () => opened.reject(inTime.reason), { once: true });
  try {
    return { origin, address: await opened.promise, tls, http2 };
  } catch (cause) {
    signal.throwIfAborted();
    throw unreachable(arm, origin, cause, inTime.aborted);
  } finally {
    socket.destroy();
  }
}
