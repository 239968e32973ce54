import type { ProfileRecord } from "../profile/index.ts";
import { sessionOf } from "../profile/in-record/index.ts";

/** One request, made ready to be sent again and again. */
export interface PreparedRequest {
  readonly method: string;
  readonly path: string;
  /** Name, value, name, value, …; the identity headers follow them on the wire. */
  readonly headers: readonly string[];
  readonly body: Buffer | null;
  /** Index into the run's list of routes. */
  readonly route: number;
  /** The captured session that it belongs to, or the connection; null where neither is known. */
  readonly session: string | null;
  /** What goes over an HTTP/1.1 wire, identity included, to within the digits of a number. */
  readonly bytesOut: number;
  /**
   * The same as HTTP/1.1 text, one character a byte: request line and headers, each with its line
   * end, up to where the identity headers go; then, after them and an empty line, the body, unless
   * it is above `WIRE_BODY_TEXT_MAX`.
   */
  readonly wireHead: string;
  readonly wireBody: string;
}

/** `traceparent: …` and `x-request-id: …` with their line ends, and the empty line. */
const IDENTITY_BYTES = "traceparent: ".length + 55 + "x-request-id: ".length + 24 + 6;
/** Methods that say `content-length: 0` when they have no body. */
const EXPECTS_BODY = new Set(["PATCH", "POST", "PUT", "QUERY", "PROPFIND", "PROPPATCH"]);

/** A larger body goes out as bytes: to put it into one text with the head would copy it. */
export const WIRE_BODY_TEXT_MAX = 65_536;

/** What is said to one target beside what was captured. */
export interface PrepareFor {
  readonly origin: string;
  /** Replace captured ones of the same name. */
  readonly headers: Readonly<Record<string, string>>;
}

/** What an arm says by itself: names and values before and after what was captured. */
interface Own {
  readonly first: readonly string[];
  readonly last: readonly string[];
  readonly replaced: ReadonlySet<string>;
}

/** Of a large profile, each start is made ready anew. */
const OWN = new WeakMap<PrepareFor, Own>();

function ownOf(arm: PrepareFor): Own {
  const known = OWN.get(arm);
  if (known !== undefined) return known;
  const own = new Map(
    Object.entries(arm.headers).map(([name, value]) => [name.toLowerCase(), value]),
  );
  const made = {
    first: own.has("host") ? [] : ["host", new URL(arm.origin).host],
    last: [...own].flat(),
    replaced: new Set([...own.keys(), "host", "content-length", "traceparent", "x-request-id"]),
  };
  OWN.set(arm, made);
  return made;
}

/**
 * Makes a captured request ready to be sent to one target: the target's host, the captured
 * headers, the arm's own headers (which replace captured ones of the same name).
 */
export function prepareRequest(
  record: ProfileRecord,
  route: number,
  arm: PrepareFor,
): PreparedRequest {
  const { first, last, replaced } = ownOf(arm);
  const headers = [...first];
  for (const [name, value] of record.headers) if (!replaced.has(name)) headers.push(name, value);
  headers.push(...last);
  const body =
    record.body === undefined ? null : Buffer.from(record.body.data, record.body.encoding);
  const { method, path } = record;
  return preparedRequest({ method, path, headers, body, route, session: sessionOf(record) });
}

/** What a request is made of. */
export type RequestParts = Pick<
  PreparedRequest,
  "method" | "path" | "headers" | "body" | "route"
> & { readonly session?: string | null };

/** A request from its parts, with its text for the wire. */
export function preparedRequest(parts: RequestParts): PreparedRequest {
  const { body, headers, method, path, route, session = null } = parts;
  const lines = [`${method} ${path} HTTP/1.1`];
  for (let i = 0; i < headers.length; i += 2) lines.push(`${headers[i]}: ${headers[i + 1]}`);
  lines.push("connection: keep-alive");
  if (body !== null || EXPECTS_BODY.has(method)) lines.push(`content-length: ${body?.length ?? 0}`);
  const wireHead = `${lines.join("\r\n")}\r\n`;
  const wireBody = body === null || body.length > WIRE_BODY_TEXT_MAX ? "" : body.toString("latin1");
  const bytesOut = wireHead.length + IDENTITY_BYTES + (body?.length ?? 0);
  return { method, path, headers, body, route, session, bytesOut, wireHead, wireBody };
}
