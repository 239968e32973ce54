import type { Answer } from "./deliver/index.ts";
import type { HttpSpec } from "./dependency.ts";
import { type AnswerHeaders, hasHeader } from "./headers.ts";
import type { CallContext, Fault, Limited } from "./model.ts";
import type { NearMiss, StubHit } from "./stub/index.ts";

const JSON_TYPE = "application/json; charset=utf-8";

/** A body that a person wrote is text, or JSON when it looks like it. */
const typeOf = (body: string): string =>
  /^\s*[{[]/.test(body) ? JSON_TYPE : "text/plain; charset=utf-8";

/** An answer of ours, in JSON unless it says something else. */
export function failure(
  status: number,
  error: string,
  said: { readonly headers?: AnswerHeaders; readonly body?: string | null } = {},
): Answer {
  const { body = null, headers = {} } = said;
  const type = body === null ? JSON_TYPE : typeOf(body);
  const defaults = {
    ...(hasHeader(headers, "content-type") ? {} : { "content-type": type }),
    ...(hasHeader(headers, "cache-control") ? {} : { "cache-control": "no-store" }),
  };
  if (status === 204 || status === 304) return { status, headers, body: null };
  return {
    status,
    headers: { ...defaults, ...headers },
    body: body ?? JSON.stringify({ error, status }),
  };
}

export const faultAnswer = (fault: Extract<Fault, { kind: "status" }>): Answer =>
  failure(fault.status, "emulated failure", fault);

export const limitedAnswer = (limited: Limited): Answer =>
  failure(limited.status, "over the limit", limited);

export const fullAnswer = (status: 503 | 429): Answer => failure(status, "all servers are busy");

/** For a call that no stub is for: what came nearest, and in what it differs. */
export const unmatchedAnswer = (near: NearMiss | null): Answer => ({
  status: 404,
  headers: { "content-type": JSON_TYPE, "cache-control": "no-store" },
  body: JSON.stringify({
    error: "no stub is for this call",
    status: 404,
    ...(near === null ? {} : { nearest: near.name, differs: near.differs }),
  }),
});

/** What a stub answers. */
export function stubAnswer({ body, headers, status, statusText, upstream }: StubHit): Answer {
  // What its upstream does not say by itself.
  if (upstream !== null) return { status, headers, body: null };
  const empty = status === 204 || status === 304;
  return { status, statusText, headers, body: empty ? null : body };
}

export const TOO_LARGE: Answer = failure(413, "the request's body is too large");

/** Makes the good answers of one dependency. */
export function goodAnswers(dependency: string, spec: HttpSpec) {
  const { status, headers, body } = spec.response;
  const defaults: Record<string, string> = {};
  const empty = status === 204 || status === 304;
  if (!empty && !hasHeader(headers, "content-type")) {
    defaults["content-type"] = typeof body === "string" ? "text/plain; charset=utf-8" : JSON_TYPE;
  }
  const fixed =
    body === undefined ? null : Buffer.from(typeof body === "string" ? body : JSON.stringify(body));
  const withCaching = (cacheControl: string): AnswerHeaders =>
    hasHeader(headers, "cache-control")
      ? { ...defaults, ...headers }
      : { ...defaults, "cache-control": cacheControl, ...headers };
  const fresh = withCaching("no-store");
  const kept =
    spec.cacheTtlS === null || status >= 400 ? fresh : withCaching(`max-age=${spec.cacheTtlS}`);
  return ({ method, path }: Pick<CallContext, "method" | "path">): Answer => ({
    status,
    headers: method === "GET" || method === "HEAD" ? kept : fresh,
    body: empty ? null : (fixed ?? JSON.stringify({ dependency, method, path })),
  });
}
