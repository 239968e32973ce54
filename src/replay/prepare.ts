import type { ProfileRecord } from "../profile/index.ts";
import type { PreparedRequest } from "./transports/transport.ts";

const IDENTITY_BYTES = "traceparent: ".length + 55 + "x-request-id: ".length + 22 + 4;
/** What a transport adds by itself. */
const CONNECTION_BYTES = "connection: keep-alive\r\n".length;
/** Methods that say `content-length: 0` when they have no body. */
const EXPECTS_BODY = new Set(["PATCH", "POST", "PUT", "QUERY", "PROPFIND", "PROPPATCH"]);

/**
 * Makes a captured request ready to be sent to one target: the target's host, the captured
 * headers, the arm's own headers (which replace captured ones of the same name).
 */
export function prepareRequest(
  record: ProfileRecord,
  route: number,
  arm: { readonly origin: string; readonly headers: Readonly<Record<string, string>> },
): PreparedRequest {
  const own = new Map(
    Object.entries(arm.headers).map(([name, value]) => [name.toLowerCase(), value]),
  );
  const replaced = new Set([
    ...own.keys(),
    "host",
    "content-length",
    "traceparent",
    "x-request-id",
  ]);
  const headers = [
    ...(own.has("host") ? [] : [["host", new URL(arm.origin).host]]),
    ...record.headers.filter(([name]) => !replaced.has(name)),
    ...own,
  ].flat();
  const body =
    record.body === undefined ? null : Buffer.from(record.body.data, record.body.encoding);
  const bytesOut = headBytesOf(record, headers, body) + (body?.length ?? 0);
  return { method: record.method, path: record.path, headers, body, route, bytesOut };
}

/** Headers go out as Latin-1, a byte a character; each pair costs a colon, a space and a line end. */
function headBytesOf(record: ProfileRecord, headers: readonly string[], body: Buffer | null) {
  const { method, path } = record;
  const lineBytes = `${method} ${path} HTTP/1.1\r\n\r\n`.length;
  const headerBytes = headers.reduce((sum, text) => sum + text.length + 2, 0);
  const lengthBytes =
    body === null && !EXPECTS_BODY.has(method)
      ? 0
      : `content-length: ${body?.length ?? 0}\r\n`.length;
  return lineBytes + headerBytes + lengthBytes + CONNECTION_BYTES + IDENTITY_BYTES;
}
