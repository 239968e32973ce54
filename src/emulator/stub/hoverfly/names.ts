import { messageOf } from "../../../core/index.ts";
import { OWN_PARAMETERS, TemplateFaults } from "../template-faults.ts";
import { HOVERFLY_HELPERS } from "./helpers.ts";
import { compileQuery } from "./query.ts";

type Call = hbs.AST.MustacheStatement | hbs.AST.SubExpression;

const BLOCKS: ReadonlySet<string> = new Set(["if", "unless", "each", "with"]);
/** Blocks in which names are those of something else. */
const INSIDE: ReadonlySet<string> = new Set(["each", "with"]);
/** Hoverfly's that there are not here: no field of what a block is about. */
const NOT_HERE =
  /^(?:randomEmail|iso8601DateTime|[Vv]ars|[Kk]vs|[Ii]nternalVars|[Cc]urrentDateTime)$/;
const ROOTS = /^(?:[Rr]equest|[Ss]tate|[Ll]iterals)$/;
const REQUEST_FIELD = /^(?:method|path|queryParam|header|formData|scheme|host)$/i;
/** Reads a body, or a token, by a query. */
const QUERIES: Readonly<Record<string, readonly [type: number | string, query: number]>> = {
  requestBody: [0, 1],
  jsonFromJWT: ["jsonpath", 0],
};

export const isHelper = (name: string): boolean =>
  Object.hasOwn(HOVERFLY_HELPERS, name) || name === "lookup";

/** How many parameters a helper takes; null: any number. */
function countOf(name: string): number | null {
  const { takes } = HOVERFLY_HELPERS[name] ?? { takes: [] };
  if (takes[0] === "any") return null;
  return OWN_PARAMETERS.get(name) ?? takes.length;
}

/** Whether a call is `Request.Body` with a query: a function there, the helper `requestBody` here. */
export const isBodyQuery = ({ params, path }: Call): boolean =>
  params.length > 0 &&
  path.type === "PathExpression" &&
  /^request\.body$/i.test((path as hbs.AST.PathExpression).parts.join("."));

const literalOf = (node: hbs.AST.Expression | undefined): string | null =>
  node?.type === "StringLiteral" ? (node as hbs.AST.StringLiteral).value : null;

/** Looks at every name of a template for what cannot be done truly. */
export class Names extends TemplateFaults {
  #depth = 0;

  #query(name: string, { loc, params }: Call): void {
    const places = QUERIES[name];
    if (places === undefined) return;
    const [type, query] = places.map((place) =>
      typeof place === "number" ? literalOf(params[place]) : place,
    );
    try {
      if (typeof type !== "string" || typeof query !== "string") throw new Error("is no text");
      compileQuery(type, query);
    } catch (thrown) {
      this.fault(`${name}: the query ${messageOf(thrown)}`, loc);
    }
  }

  /** A call of a helper, with parameters or without. */
  #call(node: Call): void {
    const { original } = node.path as hbs.AST.PathExpression;
    const name = isBodyQuery(node) ? "requestBody" : original;
    if (!isHelper(name)) this.fault(name, node.loc);
    // Hoverfly looks for the request in what the block is about.
    else if (name === "requestBody" && this.#depth > 0) {
      this.fault(`${original} within a block`, node.loc);
    } else if (this.isGiven(countOf(name) ?? node.params.length, node)) this.#query(name, node);
  }

  #value(path: hbs.AST.PathExpression): void {
    const [root = "", field = ""] = path.parts;
    if (path.data || path.depth > 0 || path.parts.length === 0) return;
    if (!ROOTS.test(root)) {
      // Within a block it may be of what the block is about.
      if (this.#depth === 0 || NOT_HERE.test(root)) this.fault(path.original, path.loc);
      return;
    }
    if (!/^request$/i.test(root)) return;
    const ofSeveral = /^header$/i.test(field) && path.parts.length > 3 && path.parts[3] !== "0";
    if (field !== "" && !REQUEST_FIELD.test(field)) this.fault(path.original, path.loc);
    else if (ofSeveral) this.fault(`${path.original}: a header has one value here`, path.loc);
  }

  override MustacheStatement(node: hbs.AST.MustacheStatement): void {
    if (node.path.type === "PathExpression") {
      const path = node.path as hbs.AST.PathExpression;
      if (node.params.length > 0 || isHelper(path.original)) this.#call(node);
      else this.#value(path);
    }
    this.acceptArray(node.params);
  }

  override SubExpression(node: hbs.AST.SubExpression): void {
    if (node.path.type === "PathExpression") this.#call(node);
    this.acceptArray(node.params);
  }

  override BlockStatement(node: hbs.AST.BlockStatement): void {
    const { original } = node.path;
    const isBlock = BLOCKS.has(original);
    if (!isBlock && node.params.length > 0) this.fault(original, node.loc);
    else if (!isBlock && isHelper(original)) this.fault(`${original} as a block`, node.loc);
    else if (isBlock) this.isGiven(1, node);
    else this.#value(node.path);
    this.acceptArray(node.params);
    const deeper = !isBlock || INSIDE.has(original) ? 1 : 0;
    this.#depth += deeper;
    this.acceptKey(node, "program");
    this.#depth -= deeper;
    this.acceptKey(node, "inverse");
  }

  /** A parameter. */
  override PathExpression(path: hbs.AST.PathExpression): void {
    this.#value(path);
  }
}
