import type { AnyRequest } from "./listen/front.ts";

/** The largest request body that is read. */
export const BODY_BYTES_MAX = 10_000_000;

const NONE = Buffer.alloc(0);

/**
 * Reads a request's body and calls `done` once with it, or with null when it was longer than the
 * bound (the rest is read and thrown away, so that the caller can read its answer). Never calls
 * `done` when the caller goes away first. A request without a body is done before this returns.
 */
export function readBody(request: AnyRequest, done: (body: Buffer | null) => void): void {
  if (!("stream" in request)) {
    request.read(done);
    return;
  }
  // A body needs no header that says so: the stream does.
  if (request.stream.endAfterHeaders) {
    done(NONE);
    return;
  }
  let chunks: Buffer[] = [];
  let bytes = 0;
  request.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes <= BODY_BYTES_MAX) chunks.push(chunk);
    else chunks = [];
  });
  request.on("end", () => {
    if (bytes > BODY_BYTES_MAX) done(null);
    else done(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks));
  });
}
