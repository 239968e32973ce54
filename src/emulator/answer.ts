import type { DependencySpec } from "./dependency.ts";
import type { CallContext, Fault } from "./model.ts";

/** The bytes of an answer, before framing. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Null: an answer that has no body at all (204, 304). */
  readonly body: string | Buffer | null;
}

const JSON_TYPE = "application/json; charset=utf-8";

const hasHeader = (headers: Readonly<Record<string, string>>, name: string): boolean =>
  Object.keys(headers).some((header) => header.toLowerCase() === name);

const jsonError = (status: number, error: string, extra: Record<string, string> = {}): Answer => ({
  status,
  headers: { "content-type": JSON_TYPE, "cache-control": "no-store", ...extra },
  body: JSON.stringify({ error, status }),
});

export const faultAnswer = ({ status }: Fault): Answer => jsonError(status, "emulated failure");

/** `Retry-After` counts whole seconds, rounded up; it is left out when nothing is told. */
export const limitedAnswer = (status: number, retryAfterMs: number): Answer => {
  const seconds = String(Math.ceil(retryAfterMs / 1_000));
  return jsonError(status, "over the limit", retryAfterMs > 0 ? { "retry-after": seconds } : {});
};

export const TOO_LARGE: Answer = jsonError(413, "the request's body is too large");

/** Makes the good answers of one dependency. */
export function goodAnswers(dependency: string, spec: DependencySpec) {
  const { status, headers, body } = spec.response;
  const defaults: Record<string, string> = {};
  const empty = status === 204 || status === 304;
  if (!empty && !hasHeader(headers, "content-type")) {
    defaults["content-type"] = typeof body === "string" ? "text/plain; charset=utf-8" : JSON_TYPE;
  }
  const fixed =
    body === undefined ? null : Buffer.from(typeof body === "string" ? body : JSON.stringify(body));
  const withCaching = (cacheControl: string): Record<string, string> =>
    hasHeader(headers, "cache-control")
      ? { ...defaults, ...headers }
      : { ...defaults, "cache-control": cacheControl, ...headers };
  const fresh = withCaching("no-store");
  const kept =
    spec.cacheTtlS === null || status >= 400 ? fresh : withCaching(`max-age=${spec.cacheTtlS}`);
  return ({ method, path }: CallContext): Answer => ({
    status,
    headers: method === "GET" || method === "HEAD" ? kept : fresh,
    body: empty ? null : (fixed ?? JSON.stringify({ dependency, method, path })),
  });
}
