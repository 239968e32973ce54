import { type OutgoingHttpHeaders, ServerResponse } from "node:http";
import type { Http2ServerResponse } from "node:http2";

/** What a loopback target does with a request. */
export type LoopbackReply =
  | {
      readonly kind: "answer";
      readonly status?: number;
      readonly headers?: Readonly<Record<string, string | readonly string[]>>;
      /** A list goes out piece by piece: in chunks (`transfer-encoding: chunked`) over HTTP/1.1. */
      readonly body?: string | Buffer | readonly Buffer[];
      /** Come after the body, which has to be a list. */
      readonly trailers?: Readonly<Record<string, string>>;
      /** `103 Early Hints` goes before the answer. */
      readonly hinted?: boolean;
    }
  /**
   * Never answers, or never ends: after the head and this much of a body. The connection stays
   * open.
   */
  | { readonly kind: "hang"; readonly after?: string }
  /**
   * Resets the connection: before anything is said, or after the head and this much of a body,
   * which is announced as longer.
   */
  | { readonly kind: "cut"; readonly after: string | null }
  /** Sends these bytes as they are, then leaves the connection, ends it, or resets it. HTTP/1.1. */
  | {
      readonly kind: "raw";
      readonly bytes: string | Buffer;
      readonly then: "keep" | "end" | "reset";
    };

type Response = ServerResponse | Http2ServerResponse;

/** Does what the reply says; `reset` is for the connection that the request came over. */
export function carryOut(reply: LoopbackReply, response: Response, reset: () => void): void {
  if (reply.kind === "hang") {
    if (reply.after === undefined) return;
    writeHead(response, 200, { "content-length": "100" });
    return write(response, reply.after);
  }
  if (reply.kind === "answer") return answer(reply, response);
  if (reply.kind === "cut") {
    if (reply.after === null) return reset();
    writeHead(response, 200, { "content-length": "100" });
    write(response, reply.after, reset);
    return;
  }
  if (!(response instanceof ServerResponse) || response.socket === null) {
    throw new Error("raw bytes need an HTTP/1.1 connection that is open");
  }
  const { socket } = response;
  // The end or the reset waits until the bytes are out.
  socket.write(reply.bytes === "" ? Buffer.alloc(0) : reply.bytes, "latin1", () => {
    if (reply.then === "end") socket.end();
    if (reply.then === "reset") reset();
  });
}

function answer(reply: Extract<LoopbackReply, { kind: "answer" }>, response: Response): void {
  const { status = 200, headers = {}, body = "", trailers, hinted = false } = reply;
  if (hinted) response.writeEarlyHints({ link: "</a.css>; rel=preload" });
  const announced = trailers === undefined ? {} : { trailer: Object.keys(trailers).join(", ") };
  const all: OutgoingHttpHeaders = { ...headers, ...announced };
  writeHead(response, status, all);
  if (typeof body === "string" || Buffer.isBuffer(body)) return void response.end(body);
  for (const chunk of body) write(response, chunk);
  if (trailers !== undefined) response.addTrailers(trailers);
  response.end();
}

// The two kinds of response have no call in common that the type checker sees.
function writeHead(response: Response, status: number, headers: OutgoingHttpHeaders): void {
  if (response instanceof ServerResponse) response.writeHead(status, headers);
  else response.writeHead(status, headers);
}

function write(response: Response, chunk: string | Buffer, written = (): void => {}): void {
  if (response instanceof ServerResponse) response.write(chunk, written);
  else response.write(chunk, "utf8", written);
}
