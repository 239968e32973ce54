import type { SpanKind } from "../../otlp/index.ts";
import { targetOf } from "../http-fields.ts";

/** What a trace format says of a span, before it is known what its attributes mean. */
export interface RawSpan {
  readonly place: string;
  readonly traceId: string;
  readonly id: string;
  readonly parentId?: string | undefined;
  readonly kind: SpanKind;
  readonly service: string | undefined;
  readonly name: string;
  readonly startNs: bigint | undefined;
  readonly durationNs: bigint | undefined;
  /** The far end's name and address, where the format has fields of its own for them. */
  readonly remoteService?: string | undefined;
  readonly remoteAddress?: string | undefined;
  /** The format's own word that it failed. */
  readonly failed?: boolean;
  readonly attributes: ReadonlyMap<string, string>;
}

/** One span, as far as requests and calls need it. */
export interface Span {
  readonly place: string;
  /** Trace and span, in one text. */
  readonly key: string;
  readonly parentKey: string | undefined;
  readonly kind: SpanKind;
  readonly service: string;
  readonly name: string;
  /** Since 1970; undefined when there is none, or none that can be. */
  readonly startNs: bigint | undefined;
  readonly durationNs: bigint | undefined;
  readonly method: string | undefined;
  /** With its query, as sent. */
  readonly path: string | undefined;
  /** A template, where no path is known: `/users/{id}`. */
  readonly route: string | undefined;
  readonly host: string | undefined;
  readonly status: number | undefined;
  readonly responseBytes: number | undefined;
  readonly failed: boolean;
  /** What the span calls, by the best name that it has for it; a CLIENT span's. */
  readonly peer: string | undefined;
  /** How often it was sent before, as the caller's library counts it. */
  readonly resendCount: number | undefined;
  /** What a database or a cache is asked, with what it is asked for. */
  readonly statement: string | undefined;
  /** The answer's `Retry-After`, as it came. */
  readonly retryAfter: string | undefined;
  readonly userAgent: string | undefined;
  readonly client: string | undefined;
}

const UNNAMED_SERVICE = "unnamed service";
/** The year 9999 ends. */
const LATEST_NS = 253_402_300_799_999_999_999n;
const DURATION_MAX_NS = BigInt(Number.MAX_SAFE_INTEGER);
const TEXT_MAX = 4_096;
const VERB = /^(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS|TRACE)(?=\s|$)/i;
const PLACEHOLDER = /[{}:*<>()[\]$]/;

type Attributes = ReadonlyMap<string, string>;

/** The first of these attributes that says something: new names before old ones. */
function firstOf(attributes: Attributes, ...names: readonly string[]): string | undefined {
  for (const name of names) {
    const text = attributes.get(name);
    if (text !== undefined && text !== "") return text.slice(0, TEXT_MAX);
  }
  return undefined;
}

/**
 * An id that is equal to itself however it was written: hex in any case, with leading zeros or
 * without them. Undefined for none: empty, or all zeros. Other than hex (base64) stays as it is.
 */
export function spanId(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const id = /^[0-9a-f]+$/i.test(text) ? text.toLowerCase().replace(/^0+/, "") : text;
  return id === "" ? undefined : id;
}

function methodOf(attributes: Attributes, name: string): string | undefined {
  const told = firstOf(
    attributes,
    ...(attributes.get("http.request.method") === "_OTHER" ? ["http.request.method_original"] : []),
    "http.request.method",
    "http.method",
  );
  // Zipkin's libraries name a span by its method.
  const method = (told ?? VERB.exec(name)?.[0])?.toUpperCase();
  return method !== undefined && /^[A-Z]+$/.test(method) ? method : undefined;
}

function targetFrom(attributes: Attributes): { path?: string; host?: string | undefined } {
  const urlPath = firstOf(attributes, "url.path");
  const query = firstOf(attributes, "url.query");
  const split =
    urlPath === undefined || query === undefined
      ? urlPath
      : `${urlPath}?${query.replace(/^\?/, "")}`;
  const url = firstOf(attributes, "url.full", "http.url");
  const told =
    split ??
    firstOf(attributes, "http.target", "http.path", "http.uri.qs", "http.uri", "http.uri.client") ??
    url;
  const found = told === undefined ? undefined : targetOf(told);
  if (found === undefined) return {};
  return { path: found.path, host: found.host ?? (url && targetOf(url)?.host) };
}

function resendCountOf(attributes: Attributes): number | undefined {
  const text = firstOf(attributes, "http.request.resend_count", "http.resend_count");
  return text !== undefined && /^\d{1,4}$/.test(text) ? Number(text) : undefined;
}

/** A statement with places for its values says nothing of what is asked for, but for the values. */
const PLACES = /\?|\$\d|%s|(?<![\w:]):[a-z_]\w*/i;

function statementOf(attributes: Attributes): string | undefined {
  const text = firstOf(
    attributes,
    "db.query.text",
    "db.statement",
    "sql.query",
    "cassandra.query",
    "redis.command",
  );
  // Of what is cut off, two different statements may have the same beginning.
  if (text === undefined || text.length === TEXT_MAX) return undefined;
  const values = [...attributes]
    .filter(([name]) => name.startsWith("db.query.parameter."))
    .map(([name, value]) => `${name}=${value.slice(0, TEXT_MAX)}`)
    .toSorted();
  if (values.length > 0) return [text, ...values].join("\n");
  return PLACES.test(text) ? undefined : text;
}

function withPort(name: string | undefined, port: string | undefined): string | undefined {
  if (name === undefined || port === undefined || /:\d+$/.test(name)) return name;
  return port === "80" || port === "443" ? name : `${name}:${port}`;
}

function statusOf(attributes: Attributes): number | undefined {
  const text = firstOf(attributes, "http.response.status_code", "http.status_code");
  return text !== undefined && /^[1-9]\d\d$/.test(text) ? Number(text) : undefined;
}

/** Of the body as it was sent, by the new name or the old one. */
function responseBytesOf(attributes: Attributes): number | undefined {
  const text = firstOf(attributes, "http.response.body.size", "http.response_content_length");
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

const isFailed = (attributes: Attributes): boolean => {
  const error = attributes.get("error");
  // Zipkin's value is a message, Jaeger's a boolean.
  return (error !== undefined && error !== "false") || attributes.has("error.type");
};

/** The far end: a service's name, else its system, else where it is. */
function peerOf(raw: RawSpan, host: string | undefined): string | undefined {
  const { attributes } = raw;
  const address = withPort(
    firstOf(attributes, "server.address", "net.peer.name", "net.peer.ip", "network.peer.address"),
    firstOf(attributes, "server.port", "net.peer.port", "network.peer.port"),
  );
  return (
    firstOf(attributes, "peer.service", "service.peer.name") ??
    raw.remoteService ??
    firstOf(attributes, "db.system.name", "db.system", "messaging.system") ??
    address ??
    host ??
    raw.remoteAddress
  );
}

function hostOf(attributes: Attributes): string | undefined {
  return withPort(
    firstOf(attributes, "http.host", "server.address", "net.host.name", "http.server_name"),
    firstOf(attributes, "server.port", "net.host.port"),
  )?.toLowerCase();
}

const inRange = (ns: bigint | undefined, max: bigint): bigint | undefined =>
  ns !== undefined && ns >= 0n && ns <= max ? ns : undefined;

/** Reads a span's attributes, by the names of OpenTelemetry (new and old) and Zipkin's libraries. */
export function spanOf(raw: RawSpan): Span {
  const { attributes, kind } = raw;
  const target = targetFrom(attributes);
  const template = firstOf(attributes, "http.route", "url.template");
  const literal = template?.startsWith("/") === true && !PLACEHOLDER.test(template);
  const host = target.host ?? (kind === "SERVER" ? hostOf(attributes) : undefined);
  const startNs = inRange(raw.startNs, LATEST_NS);
  const parentId = spanId(raw.parentId);
  return {
    place: raw.place,
    key: `${raw.traceId} ${raw.id}`,
    parentKey: parentId === undefined ? undefined : `${raw.traceId} ${parentId}`,
    kind,
    service: raw.service === undefined || raw.service === "" ? UNNAMED_SERVICE : raw.service,
    name: raw.name.slice(0, TEXT_MAX).trim(),
    startNs: startNs === 0n ? undefined : startNs,
    durationNs: inRange(raw.durationNs, DURATION_MAX_NS),
    method: methodOf(attributes, raw.name),
    path: target.path ?? (literal ? targetOf(template)?.path : undefined),
    route: template,
    host,
    status: statusOf(attributes),
    responseBytes: responseBytesOf(attributes),
    failed: raw.failed === true || isFailed(attributes),
    peer: kind === "CLIENT" ? peerOf(raw, target.host) : undefined,
    resendCount: resendCountOf(attributes),
    statement: kind === "CLIENT" ? statementOf(attributes) : undefined,
    retryAfter: firstOf(
      attributes,
      "http.response.header.retry-after",
      "http.response.header.retry_after",
    ),
    userAgent: firstOf(attributes, "user_agent.original", "http.user_agent"),
    client: firstOf(attributes, "client.address", "http.client_ip"),
  };
}
