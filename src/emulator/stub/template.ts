import Handlebars from "handlebars";
import type { Draw } from "../../core/index.ts";
import { type HelperContext, several, Values } from "./helper.ts";
import { helperNames, templateHelpers, WRITE } from "./helpers.ts";
import { grouped } from "./grouped.ts";
import { lazyFields } from "./lazy-fields.ts";
import { hasCall, Names } from "./names.ts";
import { parseTemplate, refuseTemplate } from "./parse-template.ts";
import { pathParameters } from "./request-test.ts";
import type { RequestView } from "./request-view.ts";

export interface TemplateOptions {
  /** Names the segments of the path: `request.path.id`. */
  readonly pathTemplate: string | null;
  /** What the stub gives its template: `parameters.greeting`. */
  readonly parameters?: Readonly<Record<string, unknown>>;
}

export type Render = (view: RequestView, draw: Draw) => string;
/** Makes a template of a stub ready; `where` says in messages which, and is another for each. */
export type Compile = (source: string, where: string) => Render;

/** `parts.0`, which Handlebars for Java knows, as `parts.[0]`, which this one does; texts stay. */
const withPlaces = (source: string): string =>
  source.replaceAll(/\{\{.*?\}\}/gs, (call) =>
    call.replaceAll(
      /'[^']*'|"[^"]*"|(?<=[A-Za-z_]\w*|\])\.(\d+)(?=[\s.)}])/g,
      (found: string, place: string | undefined) => (place === undefined ? found : `.[${place}]`),
    ),
  );

/** Has every value written by `WRITE`. */
class Writing extends Handlebars.Visitor {
  // What a method returns takes the place of what it was given.
  mutating = true;

  override MustacheStatement(node: hbs.AST.MustacheStatement): hbs.AST.MustacheStatement {
    const { hash, loc, params, path } = node;
    const { original } = path as hbs.AST.PathExpression;
    const calls = hasCall(node) || helperNames.has(original);
    const value = calls ? { type: "SubExpression", path, params, hash, loc } : path;
    const write = { ...path, type: "PathExpression", original: WRITE, parts: [WRITE] };
    return {
      ...node,
      path: { ...write, data: false, depth: 0 } as hbs.AST.PathExpression,
      params: [value],
      hash: undefined as unknown as hbs.AST.Hash,
    };
  }
}

/** Also what is no UTF-8, which `decodeURIComponent` refuses. */
const decoded = (path: string): string =>
  path.replaceAll(/(?:%[\da-f]{2})+/gi, (run) =>
    Buffer.from(run.replaceAll("%", ""), "hex").toString("utf8"),
  );

/** Header → its value; those that a template names also as it spells them. */
function headersOf(view: RequestView, names: readonly string[]) {
  const headers = new Map<string, string>();
  for (const [name, value] of Object.entries(view.call.headers)) headers.set(name, value ?? "");
  for (const name of names) for (const value of view.header(name)) headers.set(name, value);
  return Object.fromEntries(headers);
}

function cookiesOf(view: RequestView): Readonly<Record<string, Values>> {
  const pairs = (view.call.headers["cookie"] ?? "").split(";");
  const names = new Set(pairs.map((pair) => pair.split("=")[0]!.trim()));
  names.delete("");
  return Object.fromEntries(Array.from(names, (name) => [name, several(view.cookie(name))]));
}

function modelOf(view: RequestView, names: readonly string[], pathTemplate: string | null) {
  const { call } = view;
  // As WireMock has it: where a template names the segments, they are as sent.
  const path = pathTemplate === null ? decoded(view.path) : view.path;
  const segments = path.split("/").filter((segment) => segment !== "");
  const named = pathTemplate === null ? [] : pathParameters(pathTemplate, view.path);
  const host = call.headers["host"] ?? "";
  return lazyFields({
    method: () => call.method,
    url: () => call.path,
    path: () => new Values(path, [...segments.entries(), ...named]),
    pathSegments: () => new Values(path, segments.entries()),
    query: () =>
      Object.fromEntries([...grouped(view.query)].map(([name, texts]) => [name, several(texts)])),
    headers: () => headersOf(view, names),
    cookies: () => cookiesOf(view),
    body: () => view.text,
    bodyAsBase64: () => Buffer.from(view.text).toString("base64"),
    clientIp: () => call.client,
    scheme: () => "http",
    host: () => host.split(":")[0],
    port: () => host.split(":")[1] ?? "80",
    baseUrl: () => `http://${host}`,
  });
}

/**
 * A Handlebars template made ready; nothing is escaped. The call is `request`: method, url, path
 * (and its segments, `path.[0]`), query, headers, cookies, body, clientIp, host, port, baseUrl.
 * @throws SCENARIO_INVALID when it is no template, calls a helper that there is not, or has a partial,
 *   a decorator, or one of Handlebars' own helpers without what it takes
 */
export function compileTemplate(source: string, place: string, options: TemplateOptions): Render {
  if (!source.includes("{{")) return () => source;
  const program = parseTemplate(withPlaces(source), place);
  const names = new Names();
  names.accept(program);
  if (names.unknown.length > 0) {
    const known = [...helperNames].toSorted().join(", ");
    const what = `the template calls what there is not: ${names.unknown.join("; ")}`;
    refuseTemplate(place, { what, hint: `there is ${known}` });
  }
  if (names.faults.length > 0) {
    const what = `the template has what cannot be done: ${names.faults.join("; ")}`;
    refuseTemplate(place, { what, hint: "see the place that it names" });
  }
  const handlebars = Handlebars.create();
  new Writing().accept(program);
  // One template is rendered at a time, so that a helper knows whose call it works for.
  const now: HelperContext = { draw: null, wallMs: 0, calls: 0, assign() {}, block: null };
  handlebars.registerHelper(templateHelpers(now));
  const render = handlebars.compile(program, { noEscape: true });
  return (view, draw) => {
    now.draw = draw;
    now.wallMs = view.nowMs;
    now.calls = 0;
    const request = modelOf(view, names.headers, options.pathTemplate);
    return render({ request, parameters: options.parameters ?? {} });
  };
}
