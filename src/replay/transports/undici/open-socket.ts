import { connect as connectTcp, isIP, type Socket } from "node:net";
import {
  checkServerIdentity,
  connect as connectTls,
  createSecureContext,
  type SecureContext,
} from "node:tls";
import { messageOf, ShakedownError } from "../../../core/index.ts";
import type { TlsOptions, TransportTarget } from "../transport.ts";
import { connectErrorKindOf, NotConnected } from "./error-kind.ts";

/** Exactly one of the two is there. */
type Opened = (error: NotConnected | null, socket: Socket | null) => void;
/** Begins to connect; the socket is given at once, so that it can be thrown away on the way. */
export type OpenSocket = (opened: Opened) => Socket;

const KEEP_ALIVE_PROBE_MS = 60_000;
const VERIFIED: TlsOptions = { insecure: false };

/**
 * How connections to a target are opened: to its address, under the name of its origin. A TLS
 * handshake is whole each time: resumed sessions would make the target's work depend on how many
 * connections went before.
 * @throws USAGE when a certificate or a key is not one
 */
export function socketOpener(target: TransportTarget): OpenSocket {
  const { hostname, port, protocol } = new URL(target.origin);
  const secure = protocol === "https:";
  const to = { host: target.address, port: Number(port) || (secure ? 443 : 80) };
  if (!secure) {
    return (opened) => {
      const socket = connectTcp(to);
      // What undici goes by; over TLS, ALPN sets it.
      if (target.http2) Object.assign(socket, { alpnProtocol: "h2" });
      return settle(socket, "connect", () => true, opened);
    };
  }
  const given = target.tls ?? VERIFIED;
  const name = given.servername ?? hostname.replace(/^\[|\]$/g, "");
  const protocols = [target.http2 ? "h2" : "http/1.1"];
  const options = {
    ...to,
    secureContext: contextOf(given, target.origin),
    // SNI carries names only.
    servername: isIP(name) === 0 ? name : "",
    checkServerIdentity: (_: string, certificate: Parameters<typeof checkServerIdentity>[1]) =>
      checkServerIdentity(name, certificate),
    rejectUnauthorized: !given.insecure,
    ALPNProtocols: protocols,
  };
  return (opened) => {
    const socket = connectTls(options);
    const speaks = (): boolean => !target.http2 || socket.alpnProtocol === "h2";
    return settle(socket, "secureConnect", speaks, opened);
  };
}

function settle(socket: Socket, ready: string, speaks: () => boolean, opened: Opened): Socket {
  let [reached, settled] = [false, false];
  socket.setNoDelay(true).setKeepAlive(true, KEEP_ALIVE_PROBE_MS);
  socket.once("connect", () => (reached = true));
  socket.once(ready, () => {
    if (settled) return;
    settled = true;
    if (speaks()) return opened(null, socket);
    socket.destroy();
    opened(new NotConnected("connect", new Error("the target does not speak HTTP/2")), null);
  });
  // Stays after the connection is up: who uses the socket listens too.
  socket.on("error", (error) => {
    if (settled) return;
    settled = true;
    // Past the TCP connection only the handshake is left to fail.
    opened(new NotConnected(reached ? "connect" : connectErrorKindOf(error), error), null);
  });
  return socket;
}

/** One for all connections: to read the list of trusted authorities takes milliseconds. */
function contextOf({ ca, cert, key }: TlsOptions, origin: string): SecureContext {
  try {
    return createSecureContext({ ca, cert, key });
  } catch (thrown) {
    throw new ShakedownError("USAGE", `TLS to ${origin}: ${messageOf(thrown)}`, {
      hint: "check that the certificates and the key are PEM texts, and that the key is the certificate's",
      cause: thrown,
    });
  }
}
