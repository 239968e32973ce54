import { type Draw, ShakedownError } from "../../core/index.ts";
import { type AnswerHeaders, hasHeader } from "../headers.ts";
import type { UpstreamCall } from "../model.ts";
import { readyForUpstreams } from "../upstream/index.ts";
import { createProxy } from "./proxy.ts";
import type { RequestView } from "./request-view.ts";
import type { StubResponse, StubSpec } from "./schema.ts";
import { drawSize, sizedBody } from "./size.ts";
import { compileTemplate, type Render } from "./template.ts";

interface Response {
  readonly status: number;
  readonly headers: AnswerHeaders;
  readonly body: Buffer;
  /** Who answers in its place; null: nobody. */
  readonly upstream: UpstreamCall | null;
}

const EMPTY = Buffer.alloc(0);

/** Gives a matched call its response. */
export type Responder = (view: RequestView, draw: Draw) => Response;

function withJsonType(response: StubResponse): AnswerHeaders {
  const { headers, json } = response;
  if (json === undefined || hasHeader(headers, "content-type")) return headers;
  return { "content-type": "application/json", ...headers };
}

const bodyText = ({ body, json }: StubResponse): string =>
  body ?? (json === undefined ? "" : JSON.stringify(json));

/** A header's value, or values, as a template. */
function compileHeader(
  value: string | string[],
  name: string,
  compile: (source: string, where: string) => Render,
): (view: RequestView, draw: Draw) => string | string[] {
  const renders = [value].flat().map((source) => compile(source, `header ${name}`));
  const [only] = renders;
  // A value from the call must not break the head apart.
  const inLine = (text: string): string => text.replace(/[^\t\x20-\x7e\x80-\xff]/g, " ");
  if (typeof value === "string") return (view, draw) => inLine(only!(view, draw));
  return (view, draw) => renders.map((render) => inLine(render(view, draw)));
}

/**
 * A response made ready: all that does not depend on the call is made once.
 * @throws SCENARIO_INVALID when a template is not one; the message begins with `place`
 */
export function createResponder(response: StubResponse, stub: StubSpec, place: string): Responder {
  const { base64, size, status, template } = response;
  if (response.bodyFile !== undefined) {
    throw new ShakedownError("INTERNAL", `${place}: bodyFile ${response.bodyFile} was not read in`);
  }
  if (response.proxy !== undefined) {
    readyForUpstreams();
    const proxy = createProxy(response.proxy);
    const { headers } = response;
    return ({ call }) => ({ status, headers, body: EMPTY, upstream: proxy(call.path) });
  }
  const headers = withJsonType(response);
  const text = bodyText(response);
  const fixed = base64 === undefined ? Buffer.from(text) : Buffer.from(base64, "base64");
  const sized = (body: Buffer, draw: Draw): Buffer =>
    size === undefined ? body : sizedBody(body, drawSize(size, draw));
  if (!template) {
    if (size === undefined) {
      const always: Response = { status, headers, body: fixed, upstream: null };
      return () => always;
    }
    return (_view, draw) => ({ status, headers, body: sized(fixed, draw), upstream: null });
  }
  const { parameters } = response;
  const pathTemplate = stub.request.pathTemplate ?? null;
  const compile = (source: string, where: string) =>
    compileTemplate(source, `${place}, ${where}`, { pathTemplate, parameters });
  const body = compile(text, "body");
  const named = Object.entries(headers).map(
    ([name, value]) => [name, compileHeader(value, name, compile)] as const,
  );
  return (view, draw) => ({
    status,
    headers: Object.fromEntries(named.map(([name, render]) => [name, render(view, draw)])),
    body: sized(Buffer.from(body(view, draw)), draw),
    upstream: null,
  });
}
