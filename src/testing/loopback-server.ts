import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import {
  createSecureServer,
  createServer as createHttp2Server,
  type Http2ServerRequest,
  type Http2ServerResponse,
} from "node:http2";
import { createServer as createHttpsServer } from "node:https";
import type { Server } from "node:net";
import type { LoopbackOptions } from "./loopback.ts";

const PATIENT = { keepAliveTimeout: 0, requestTimeout: 0 };

/** A server of the kind that the options say. */
export function serverOf(
  { certificate, clientCa, http2 = false }: LoopbackOptions,
  listener: (
    request: IncomingMessage | Http2ServerRequest,
    response: ServerResponse | Http2ServerResponse,
  ) => void,
): Server {
  const asks = clientCa === undefined ? {} : { ca: clientCa, requestCert: true };
  if (http2) {
    const server =
      certificate === undefined
        ? createHttp2Server(listener)
        : createSecureServer({ ...certificate, ...asks, allowHTTP1: false }, listener);
    // A client that goes away is no news to a target.
    server.on("sessionError", () => {});
    return server;
  }
  return certificate === undefined
    ? createServer(PATIENT, listener)
    : createHttpsServer({ ...PATIENT, ...certificate, ...asks }, listener);
}
