import { z } from "zod";
import { faultActionSchema, faultSchema } from "../fault/index.ts";
import { type AnswerHeaders, headersSchema } from "../headers.ts";
import { latencySchema } from "../latency/index.ts";
import { transferSchema } from "../transfer/index.ts";
import { templateFault, templateSchema } from "./dialect.ts";
import { matcherSchema, patternField } from "./matcher.ts";
import { partMatcherSchema } from "./part-matcher.ts";
import { hasTemplate, proxySchema } from "./proxy.ts";
import { sizeSchema } from "./size.ts";

const oneAtMost =
  (...names: readonly string[]) =>
  (value: Readonly<Record<string, unknown>>, context: z.RefinementCtx): void => {
    const given = names.filter((name) => value[name] !== undefined);
    if (given.length < 2) return;
    const message = `give only one of ${given.join(", ")}`;
    context.addIssue({ code: "custom", path: [given[1]!], message });
  };

const matchers = () => z.record(z.string(), matcherSchema).default({});
const startsWithSlash = () => z.string().startsWith("/", "a path begins with /");

const requestSchema = z
  .strictObject({
    /** One, or several; left out: any. */
    method: z
      .union([z.string().transform((method) => [method]), z.array(z.string()).min(1)])
      .transform((methods) => methods.map((method) => method.toUpperCase()))
      .default(["ANY"]),
    /** Without the query, exactly as sent. */
    path: startsWithSlash().optional(),
    pathPattern: patternField().optional(),
    /** `/orders/{id}`: a name stands for one segment. */
    pathTemplate: startsWithSlash().optional(),
    /** Path and query, exactly as sent. */
    url: startsWithSlash().optional(),
    urlPattern: patternField().optional(),
    pathParameters: matchers(),
    query: matchers(),
    /** Of a body that is a form, by its `content-type`. */
    form: matchers(),
    headers: matchers(),
    cookies: matchers(),
    /** Of a body that is a form in parts, by its `content-type`. */
    multipart: z.array(partMatcherSchema).default([]),
    body: z
      .union([z.array(matcherSchema), matcherSchema.transform((matcher) => [matcher])])
      .default([]),
  })
  .superRefine(oneAtMost("path", "pathPattern", "pathTemplate", "url", "urlPattern"));

/** Each value, and where it stands. */
const headerSources = (headers: AnswerHeaders, path: readonly string[]) =>
  Object.entries(headers).flatMap(([name, value]) =>
    [value].flat().map((source) => [[...path, name], source] as const),
  );

const responseSchema = z
  .strictObject({
    status: z.number().int().min(200).max(599).default(200),
    /** What HTTP/1.1 says beside the status; the status's own unless told. */
    statusText: z
      .string()
      .regex(/^[\t\x20-\x7e\x80-\xff]*$/, "is one line of Latin-1")
      .optional(),
    headers: headersSchema.default({}),
    body: z.string().optional(),
    /** As `body`, and says `content-type: application/json` unless `headers` do. */
    json: z.json().optional(),
    base64: z.base64().optional(),
    /** Relative to the file that says so; read when that is loaded. */
    bodyFile: z.string().optional(),
    /** Whether the body, the headers' values and the proxy's address are Handlebars templates. */
    template: templateSchema.default(false),
    /** What a template knows as `parameters`; one of Hoverfly's as `Literals`. */
    parameters: z.record(z.string(), z.json()).default({}),
    size: sizeSchema.optional(),
    /** Something real that answers; `headers` are added to what it says. */
    proxy: proxySchema.optional(),
  })
  .superRefine(oneAtMost("body", "json", "base64", "bodyFile", "proxy"))
  .refine(
    ({ proxy, size, statusText }) => proxy === undefined || (size ?? statusText) === undefined,
    {
      path: ["proxy"],
      message: "answers by itself: no statusText, no size",
    },
  )
  .refine(
    ({ proxy, template }) => proxy === undefined || template !== false || !hasTemplate(proxy),
    {
      path: ["proxy"],
      message: "is a template; say template: true",
    },
  )
  .refine(({ base64, template }) => template === false || base64 === undefined, {
    path: ["template"],
    message: "base64 is no template; give body or json",
  })
  .superRefine(({ body, headers, json, proxy, template }, context) => {
    if (template === false) return;
    const sources: readonly (readonly [path: readonly string[], source: string])[] = [
      ...(proxy === undefined ? [] : [[["proxy", "to"], proxy.to] as const]),
      ...(body === undefined ? [] : [[["body"], body] as const]),
      ...(json === undefined ? [] : [[["json"], JSON.stringify(json)] as const]),
      ...headerSources(headers, ["headers"]),
      ...headerSources(proxy?.headers ?? {}, ["proxy", "headers"]),
    ];
    for (const [path, source] of sources) {
      const message = templateFault(source, template);
      if (message !== null) context.addIssue({ code: "custom", path: [...path], message });
    }
  });

/** A response as the stub keeps it. */
export type StubResponse = z.output<typeof responseSchema>;

/**
 * One stub: what a call has to be, and how it is answered. Of the stubs that match, the one with
 * the lowest `priority` answers; among equals, the first in the list.
 */
export const stubSchema = z
  .strictObject({
    /** For messages; the request unless told. */
    name: z.string().optional(),
    priority: z.number().int().default(5),
    request: requestSchema.prefault({}),
    response: responseSchema.optional(),
    sequence: z.array(responseSchema).min(1).optional(),
    /** After the sequence's end: its last again, or all over. */
    then: z.enum(["last", "cycle"]).optional(),
    latency: latencySchema.optional(),
    errors: faultSchema.optional(),
    fault: faultActionSchema.optional(),
    transfer: transferSchema.optional(),
    /** The state machine that this stub belongs to; its first state is `Started`. */
    scenario: z.string().min(1).optional(),
    whenState: z.string().optional(),
    thenState: z.string().optional(),
    /** Of several state machines at once, by name: the states that they have to be in. */
    whenStates: z.record(z.string().min(1), z.string()).optional(),
    /** Those that they go into. */
    thenStates: z.record(z.string().min(1), z.string()).optional(),
  })
  .superRefine(oneAtMost("response", "sequence"))
  .superRefine(oneAtMost("errors", "fault"))
  .superRefine((stub, context) => {
    const needs = (name: "then" | "whenState" | "thenState", other: "sequence" | "scenario") => {
      if (stub[name] === undefined || stub[other] !== undefined) return;
      context.addIssue({ code: "custom", path: [name], message: `needs ${other}` });
    };
    needs("then", "sequence");
    needs("whenState", "scenario");
    needs("thenState", "scenario");
  });
export type StubInput = z.input<typeof stubSchema>;
export type StubSpec = z.output<typeof stubSchema>;

/** What messages call a stub. */
export function stubName({ name, request }: StubSpec): string {
  const { path, pathPattern, pathTemplate, url, urlPattern } = request;
  const where = path ?? url ?? pathTemplate ?? pathPattern ?? urlPattern ?? "any path";
  return name ?? `${request.method.join("|")} ${where}`;
}
