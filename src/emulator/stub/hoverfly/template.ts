import Handlebars, { type HelperDeclareSpec, type HelperOptions } from "handlebars";
import { messageOf } from "../../../core/index.ts";
import { parseTemplate, refuseTemplate } from "../parse-template.ts";
import type { Render, TemplateOptions } from "../template.ts";
import { escaped, isTrue, Texts, written } from "./go-values.ts";
import type { HoverflyHelper, Rendering } from "./helper.ts";
import { HOVERFLY_HELPERS } from "./helpers.ts";
import { isBodyQuery, isHelper, Names } from "./names.ts";
import { keptQueries } from "./query.ts";
import { modelOf } from "./request.ts";

/** Writes a value: as it is, or for HTML. */
const WRITE = { plain: "writePlain", html: "writeHtml" } as const;

const helperPath = (name: string, loc: hbs.AST.SourceLocation): hbs.AST.PathExpression => ({
  type: "PathExpression",
  original: name,
  parts: [name],
  data: false,
  depth: 0,
  loc,
});

/** Has every value written as Go's Handlebars does, and `Request.Body` asked by its helper. */
class Writing extends Handlebars.Visitor {
  // What a method returns takes the place of what it was given.
  mutating = true;

  override MustacheStatement(node: hbs.AST.MustacheStatement): hbs.AST.MustacheStatement {
    this.acceptArray(node.params);
    const { escaped: html, hash, loc, params, path } = node;
    const isQuery = isBodyQuery(node);
    const calls = params.length > 0 || isHelper((path as hbs.AST.PathExpression).original);
    const called = isQuery ? helperPath("requestBody", loc) : path;
    const value = calls ? { type: "SubExpression", path: called, params, hash, loc } : path;
    return {
      ...node,
      path: helperPath(html ? WRITE.html : WRITE.plain, loc),
      params: [value],
      hash: undefined as unknown as hbs.AST.Hash,
    };
  }

  override SubExpression(node: hbs.AST.SubExpression): hbs.AST.SubExpression {
    this.acceptArray(node.params);
    return isBodyQuery(node) ? { ...node, path: helperPath("requestBody", node.loc) } : node;
  }
}

/** What a parameter has to be that is taken as it is. */
const FITS: Readonly<Record<string, (value: unknown) => boolean>> = {
  number: (value) => typeof value === "number",
  integer: Number.isInteger,
  texts: (value) => value instanceof Texts,
};

/** @throws Error for a parameter that cannot be taken so, or too many or few */
function taken(name: string, { takes }: HoverflyHelper, parameters: readonly unknown[]): unknown[] {
  if (takes[0] === "any") return [...parameters];
  if (parameters.length !== takes.length) throw new Error(`${name} takes ${takes.length}`);
  return takes.map((take, index) => {
    const value = parameters[index];
    if (take === "text") return written(value);
    if (take === "boolean") return isTrue(value);
    if (!FITS[take]?.(value)) throw new Error(`${name} takes another parameter ${index + 1}`);
    return value;
  });
}

function declared(now: Rendering): HelperDeclareSpec {
  const named = Object.entries(HOVERFLY_HELPERS).map(([name, helper]) => {
    const call = (...parameters: unknown[]): unknown =>
      // The last is what Handlebars tells of the call.
      helper.run(taken(name, helper, parameters.slice(0, -1)) as never, now);
    return [name, call] as const;
  });
  const choose = (wanted: boolean) =>
    function choice(this: unknown, value: unknown, options: HelperOptions): string {
      return isTrue(value) === wanted ? options.fn(this) : options.inverse(this);
    };
  return {
    ...Object.fromEntries(named),
    if: choose(true),
    unless: choose(false),
    [WRITE.plain]: written,
    [WRITE.html]: (value: unknown) => escaped(written(value)),
  };
}

/**
 * A template of Hoverfly's made ready. Where rendering fails, as on a parameter that a helper does
 * not take, it stays as it is, and the call has a note of that.
 * @throws SCENARIO_INVALID when it is none, or calls what cannot be done truly
 */
export function compileHoverflyTemplate(
  source: string,
  place: string,
  { parameters = {} }: Pick<TemplateOptions, "parameters">,
): Render {
  if (!source.includes("{{")) return () => source;
  const program = parseTemplate(source, place);
  const names = new Names();
  names.accept(program);
  if (names.faults.length > 0) {
    const known = Object.keys(HOVERFLY_HELPERS).toSorted().join(", ");
    const what = `the template has what cannot be done truly: ${names.faults.join("; ")}`;
    refuseTemplate(place, { what, hint: `there is Request, State, Literals, ${known}` });
  }
  const handlebars = Handlebars.create();
  new Writing().accept(program);
  const now: Rendering = {
    draw: null,
    wallMs: 0,
    calls: 0,
    queryOf: keptQueries(),
    body: "",
    kept: new Map(),
  };
  handlebars.registerHelper(declared(now));
  // Names that are not in a block's own are looked for around it.
  const render = handlebars.compile(program, { noEscape: true, compat: true });
  return (view, draw) => {
    now.draw = draw;
    now.wallMs = view.nowMs;
    now.calls = 0;
    now.body = view.text;
    try {
      return render(modelOf(view, parameters));
    } catch (thrown) {
      view.notes.push(`${place}: stays as it is: ${messageOf(thrown)}`);
      return source;
    } finally {
      now.body = "";
      now.kept.clear();
    }
  };
}
