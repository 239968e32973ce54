import Handlebars from "handlebars";
import { type Draw, messageOf, ShakedownError } from "../../core/index.ts";
import { helperNames, templateHelpers } from "./helpers.ts";
import { pathParameters } from "./request-test.ts";
import type { RequestView } from "./request-view.ts";

export interface TemplateOptions {
  /** Names the segments of the path: `request.path.id`. */
  readonly pathTemplate: string | null;
}

export type Render = (view: RequestView, draw: Draw) => string;

/** Several values under one name: written alone it is the first, `[1]` is the second. */
class Values {
  [place: string]: unknown;
  readonly #text: string;
  constructor(text: string, parts: Iterable<readonly [string | number, string]>) {
    this.#text = text;
    for (const [place, value] of parts) this[String(place)] = value;
  }
  toString = (): string => this.#text;
}

const several = (values: readonly string[]): Values =>
  new Values(values[0] ?? "", values.entries());

const hasCall = (node: hbs.AST.MustacheStatement | hbs.AST.BlockStatement): boolean =>
  node.params.length > 0 || (node.hash?.pairs.length ?? 0) > 0;

/** Looks at every name of a template: which helpers it calls, which headers it reads. */
class Names extends Handlebars.Visitor {
  readonly unknown: string[] = [];
  readonly headers: string[] = [];
  #depth = 0;

  #helper(path: hbs.AST.PathExpression): void {
    if (helperNames.has(path.original)) return;
    const { column, line } = path.loc.start;
    this.unknown.push(`${path.original} (line ${line}, column ${column + 1})`);
  }

  override MustacheStatement(node: hbs.AST.MustacheStatement): void {
    if (node.path.type === "PathExpression") {
      const path = node.path as hbs.AST.PathExpression;
      const [root] = path.parts;
      const value = path.data || path.depth > 0 || this.#depth > 0 || root === "request";
      if (hasCall(node) || !(value || path.parts.length === 0)) this.#helper(path);
    }
    super.MustacheStatement(node);
  }

  override BlockStatement(node: hbs.AST.BlockStatement): void {
    if (hasCall(node)) this.#helper(node.path);
    this.#depth++;
    super.BlockStatement(node);
    this.#depth--;
  }

  override SubExpression(node: hbs.AST.SubExpression): void {
    if (node.path.type === "PathExpression") this.#helper(node.path);
    super.SubExpression(node);
  }

  override PathExpression(path: hbs.AST.PathExpression): void {
    const [root, part, name] = path.parts;
    if (root === "request" && part === "headers" && name !== undefined) this.headers.push(name);
  }
}

function modelOf(view: RequestView, names: readonly string[], pathTemplate: string | null) {
  const { call, path, query, text } = view;
  const segments = path.split("/").slice(1);
  const named = pathTemplate === null ? [] : pathParameters(pathTemplate, path);
  const headers = new Map<string, string>();
  for (const [name, value] of Object.entries(call.headers)) headers.set(name, value ?? "");
  for (const name of names) for (const value of view.header(name)) headers.set(name, value);
  const host = call.headers["host"] ?? "";
  const url = `http://${host}${call.path}`;
  return {
    method: call.method,
    url: call.path,
    path: new Values(path, [...segments.entries(), ...named]),
    pathSegments: new Values(path, segments.entries()),
    query: Object.fromEntries([...query.keys()].map((name) => [name, several(query.getAll(name))])),
    headers: Object.fromEntries(headers),
    cookies: Object.fromEntries(
      (call.headers["cookie"] ?? "").split(";").flatMap((pair) => {
        const name = pair.split("=")[0]!.trim();
        return name === "" ? [] : [[name, several(view.cookie(name))]];
      }),
    ),
    body: text,
    bodyAsBase64: Buffer.from(text).toString("base64"),
    clientIp: call.client,
    scheme: "http",
    host: host.split(":")[0],
    port: host.split(":")[1] ?? "80",
    baseUrl: url.slice(0, url.length - call.path.length),
  };
}

/**
 * A Handlebars template made ready; nothing is escaped. The call is `request`: method, url, path
 * (and its segments, `path.[0]`), query, headers, cookies, body, clientIp, host, port, baseUrl.
 * @throws SCENARIO_INVALID when it is no template, or calls a helper that there is not
 */
export function compileTemplate(source: string, place: string, options: TemplateOptions): Render {
  if (!source.includes("{{")) return () => source;
  const fail = (what: string, hint: string, cause?: unknown): never => {
    throw new ShakedownError("SCENARIO_INVALID", `${place}: ${what}`, { hint, cause });
  };
  const handlebars = Handlebars.create();
  let program: hbs.AST.Program | null = null;
  try {
    program = handlebars.parse(source);
  } catch (thrown) {
    fail(`the template does not parse: ${messageOf(thrown)}`, "see the line that it names", thrown);
  }
  const names = new Names();
  names.accept(program!);
  if (names.unknown.length > 0) {
    const known = [...helperNames].toSorted().join(", ");
    fail(`the template calls what there is not: ${names.unknown.join("; ")}`, `there is ${known}`);
  }
  // One template is rendered at a time, so that a helper knows whose call it works for.
  const now = { draw: null as Draw | null, wallMs: 0, calls: 0 };
  handlebars.registerHelper(templateHelpers(now));
  const render = handlebars.compile(program, { noEscape: true });
  return (view, draw) => {
    now.draw = draw;
    now.wallMs = view.nowMs;
    now.calls = 0;
    const request = modelOf(view, names.headers, options.pathTemplate);
    return render({ request });
  };
}
