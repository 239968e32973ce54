import { type Draw, messageOf, ShakedownError } from "../../core/index.ts";
import { type AnswerHeaders, hasHeader } from "../headers.ts";
import type { UpstreamCall } from "../model.ts";
import { readyForUpstreams } from "../upstream/index.ts";
import { compilerOf } from "./dialect.ts";
import { compileHeaders } from "./header-templates.ts";
import { createProxy } from "./proxy.ts";
import type { RequestView } from "./request-view.ts";
import type { StubResponse, StubSpec } from "./schema.ts";
import { drawSize, sizedBody } from "./size.ts";
import type { Compile, Render } from "./template.ts";

interface Response {
  readonly status: number;
  /** Undefined: the status's own. */
  readonly statusText: string | undefined;
  readonly headers: AnswerHeaders;
  readonly body: Buffer;
  /** Who answers in its place; null: nobody. */
  readonly upstream: UpstreamCall | null;
}

const EMPTY = Buffer.alloc(0);

/**
 * Gives a matched call its response.
 * @throws Error where a template cannot be rendered for it; the message says of which stub, and where
 */
export type Responder = (view: RequestView, draw: Draw) => Response;

function withJsonType(response: StubResponse): AnswerHeaders {
  const { headers, json } = response;
  if (json === undefined || hasHeader(headers, "content-type")) return headers;
  return { "content-type": "application/json", ...headers };
}

const bodyText = ({ body, json }: StubResponse): string =>
  body ?? (json === undefined ? "" : JSON.stringify(json));

const BODY = "body";

/** Luck of a place's own: in a header and in the body, a random number is not the same. */
const luckOf = (draw: Draw, where: string): Draw =>
  where === BODY ? draw : { uniform: (field) => draw.uniform(`${field}, ${where}`) };

/** A template for one place of a response; what it throws begins with that. */
const inPlace =
  (render: Render, place: string, where: string): Render =>
  (view, draw) => {
    try {
      return render(view, luckOf(draw, where));
    } catch (cause) {
      throw new Error(`${place}, ${where}: ${messageOf(cause)}`, { cause });
    }
  };

/**
 * A response made ready: all that does not depend on the call is made once.
 * @throws SCENARIO_INVALID when a template is not one; the message begins with `place`
 */
export function createResponder(response: StubResponse, stub: StubSpec, place: string): Responder {
  const { base64, parameters, size, status, statusText, template } = response;
  if (response.bodyFile !== undefined) {
    throw new ShakedownError("INTERNAL", `${place}: bodyFile ${response.bodyFile} was not read in`);
  }
  const pathTemplate = stub.request.pathTemplate ?? null;
  const compile: Compile | null =
    template === false
      ? null
      : (source, where) => {
          const options = { pathTemplate, parameters };
          const render = compilerOf(template)(source, `${place}, ${where}`, options);
          return inPlace(render, place, where);
        };
  if (response.proxy !== undefined) {
    readyForUpstreams();
    const proxy = createProxy(response.proxy, compile);
    const own =
      compile === null ? () => response.headers : compileHeaders(response.headers, compile);
    return (view, draw) => ({
      status,
      statusText,
      headers: own(view, draw),
      body: EMPTY,
      upstream: proxy(view, draw),
    });
  }
  const headers = withJsonType(response);
  const text = bodyText(response);
  const fixed = base64 === undefined ? Buffer.from(text) : Buffer.from(base64, "base64");
  const sized = (body: Buffer, draw: Draw): Buffer =>
    size === undefined ? body : sizedBody(body, drawSize(size, draw));
  if (compile === null) {
    if (size === undefined) {
      const always: Response = { status, statusText, headers, body: fixed, upstream: null };
      return () => always;
    }
    const head = { status, statusText, headers, upstream: null };
    return (_view, draw) => ({ ...head, body: sized(fixed, draw) });
  }
  const body = compile(text, BODY);
  const named = compileHeaders(headers, compile);
  return (view, draw) => ({
    status,
    statusText,
    headers: named(view, draw),
    body: sized(Buffer.from(body(view, draw)), draw),
    upstream: null,
  });
}
