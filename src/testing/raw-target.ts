import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import type { TransportTarget } from "../replay/index.ts";
import type { TestCertificate } from "./certificate.ts";
import { countConnections } from "./loopback.ts";

/** One request's head as it came, and where to put what answers it. */
export interface RawRequest {
  readonly head: string;
  readonly socket: Socket;
  /** The how manieth request this is, of all and on its connection: 0 for the first. */
  readonly nth: number;
  readonly nthHere: number;
}

export interface RawTarget extends AsyncDisposable {
  readonly target: TransportTarget;
  readonly connections: Readonly<{ accepted: number; open: number; most: number }>;
}

export interface RawTargetOptions {
  /** Speaks TLS, with this certificate. */
  readonly certificate?: TestCertificate | undefined;
  /** Hears of each connection before anything has been read from it. */
  readonly onConnection?: (socket: Socket) => void;
}

/**
 * A target on 127.0.0.1 that leaves every byte to its caller, who hears of each request's head.
 * Bodies are not told apart from heads.
 */
export async function rawTarget(
  onRequest: (request: RawRequest) => void,
  { certificate, onConnection }: RawTargetOptions = {},
): Promise<RawTarget> {
  let nth = 0;
  const onSocket = (socket: Socket): void => {
    let [unread, nthHere] = ["", 0];
    socket.setNoDelay(true);
    socket.on("error", () => {});
    onConnection?.(socket);
    socket.on("data", (chunk) => {
      unread += chunk.toString("latin1");
      for (let end = unread.indexOf("\r\n\r\n"); end >= 0; end = unread.indexOf("\r\n\r\n")) {
        const head = unread.slice(0, end);
        unread = unread.slice(end + 4);
        onRequest({ head, socket, nth: nth++, nthHere: nthHere++ });
      }
    });
  };
  const server: Server =
    certificate === undefined ? createServer(onSocket) : createTlsServer(certificate, onSocket);
  server.on("tlsClientError", () => {});
  const { connections, sockets } = countConnections(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const secure = certificate !== undefined;
  return {
    target: {
      origin: `${secure ? "https" : "http"}://127.0.0.1:${port}`,
      address: "127.0.0.1",
      tls: secure ? { ca: certificate.cert, insecure: false } : null,
      http2: false,
    },
    connections,
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      for (const socket of sockets) socket.resetAndDestroy();
      await closed;
    },
  };
}
