import type { ProfileRecord } from "../profile/index.ts";
import type { PreparedRequest } from "./transports/transport.ts";

const IDENTITY_BYTES = "traceparent: ".length + 55 + "x-request-id: ".length + 22 + 4;

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
  const headBytes = Buffer.byteLength(`${record.method} ${record.path} HTTP/1.1\r\n\r\n`);
  const headerBytes = headers.reduce((sum, text) => sum + Buffer.byteLength(text) + 2, 0);
  const bytesOut = headBytes + headerBytes + IDENTITY_BYTES + (body?.length ?? 0);
  return { method: record.method, path: record.path, headers, body, route, bytesOut };
}
