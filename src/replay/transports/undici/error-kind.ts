import { systemCodeOf } from "../../../core/index.ts";
import type { ErrorKind } from "../../../measure/index.ts";
import { undici } from "./library.ts";

/** What ends an exchange for a reason of ours; undici carries it and hands it back. */
export class GivenUp extends Error {
  readonly why: ErrorKind;
  constructor(why: ErrorKind) {
    super(`given up: ${why}`);
    this.why = why;
  }
}

/** No connection came about. */
export class NotConnected extends Error {
  readonly why: ErrorKind;
  constructor(why: ErrorKind, cause: unknown) {
    super("no connection", { cause });
    this.why = why;
  }
}

const KIND_OF_CODE: Record<string, ErrorKind> = {
  ECONNREFUSED: "refused",
  ECONNRESET: "reset",
  EPIPE: "reset",
  UND_ERR_SOCKET: "reset",
  ECONNABORTED: "reset",
  ENOTFOUND: "connect",
  EAI_AGAIN: "connect",
  EHOSTUNREACH: "connect",
  ENETUNREACH: "connect",
  // Of this machine: no free local port, no free descriptor.
  EADDRNOTAVAIL: "connect",
  EMFILE: "connect",
  ETIMEDOUT: "connect",
  // Only `close` does this to a request.
  UND_ERR_DESTROYED: "cancelled",
  UND_ERR_CLOSED: "cancelled",
};
/** How undici says that the peer sent `100` or `101` unasked; the socket itself was sound. */
const UNASKED = /^bad (?:response|upgrade)$/;
/** The connection ended amid an answer that says where it ends. */
const UNFINISHED = /invalid eof state/i;
/**
 * An HTTP/2 stream that was reset or never answered, and a session that went away under it: to
 * undici these are news of the stream, to whoever waits for an answer they are a reset.
 */
const CUT_STREAM = /half-closed|stream closed|GOAWAY|code NGHTTP2_(?!PROTOCOL_ERROR)|session/i;
const ORDERLY_GOAWAY = /"GOAWAY" frame received with code 0$/;
const HTTP2_CUT = new Set(["ERR_HTTP2_STREAM_ERROR", "ERR_HTTP2_SESSION_ERROR", "UND_ERR_INFO"]);

/**
 * The kind of failure that undici, Node or we ourselves mean by what was thrown. `isCut` says that
 * the connection ended, or was reset, under the answer.
 */
export function errorKindOf(thrown: unknown, isCut: boolean): ErrorKind {
  if (thrown instanceof GivenUp || thrown instanceof NotConnected) return thrown.why;
  const code = systemCodeOf(thrown) ?? "";
  const { errors } = undici();
  if (thrown instanceof errors.HTTPParserError) {
    return UNFINISHED.test(thrown.message) ? "reset" : "protocol";
  }
  if (thrown instanceof errors.SocketError && UNASKED.test(thrown.message)) return "protocol";
  // undici says so of what does not parse, too, when a length was given.
  if (thrown instanceof errors.ResponseContentLengthMismatchError) {
    return isCut ? "reset" : "protocol";
  }
  // Since TLS 1.3 a server refuses a client's certificate when the client is already through.
  if (code.startsWith("ERR_SSL_")) return "connect";
  if (HTTP2_CUT.has(code) && thrown instanceof Error && CUT_STREAM.test(thrown.message)) {
    return "reset";
  }
  return KIND_OF_CODE[code] ?? "protocol";
}

/**
 * Whether an HTTP/2 server said, when it closed the connection in good order, that it has not read
 * the request: then it can be sent again, whatever it is (RFC 9113, 6.8).
 */
export function isTurnedAway(error: Error): boolean {
  return error instanceof undici().errors.InformationalError && ORDERLY_GOAWAY.test(error.message);
}

/** The kind of failure of a connection that did not come about. */
export function connectErrorKindOf(thrown: unknown): ErrorKind {
  return KIND_OF_CODE[systemCodeOf(thrown) ?? ""] ?? "connect";
}
