import { helperNames } from "./helpers.ts";
import { assignedNames } from "./reading-helpers.ts";
import { type Call, OWN_PARAMETERS, placed, TemplateFaults } from "./template-faults.ts";

/** What a template is given. */
const GIVEN: ReadonlySet<string> = new Set(["request", "parameters"]);

const literalOf = (node: hbs.AST.Expression): string | null =>
  node.type === "StringLiteral" ? (node as hbs.AST.StringLiteral).value : null;

/** Whether it has parameters, so that it calls a helper whatever its name. */
export const hasCall = (node: hbs.AST.MustacheStatement | hbs.AST.BlockStatement): boolean =>
  node.params.length > 0 || (node.hash?.pairs.length ?? 0) > 0;

/** Looks at every name of a template: which helpers it calls, and how; which headers it reads. */
export class Names extends TemplateFaults {
  readonly headers: string[] = [];
  readonly #unknown: hbs.AST.PathExpression[] = [];
  readonly #assigned = new Set<string>();
  #depth = 0;

  /** Helpers that there are not, each with its place. */
  get unknown(): readonly string[] {
    return this.#unknown
      .filter(({ parts }) => !this.#assigned.has(parts[0]!))
      .map(({ loc, original }) => placed(original, loc));
  }

  #helper(path: hbs.AST.PathExpression): void {
    if (!helperNames.has(path.original)) this.#unknown.push(path);
  }

  #own(node: Call): void {
    const { original } = node.path as hbs.AST.PathExpression;
    const wanted = OWN_PARAMETERS.get(original);
    if (wanted === undefined) return;
    if (original !== "lookup" && node.type !== "BlockStatement") {
      this.fault(`${original} that is no block`, node.loc);
    } else this.isGiven(wanted, node);
  }

  #assigns(node: Call): void {
    if (node.path.type !== "PathExpression") return;
    const { original } = node.path as hbs.AST.PathExpression;
    const pairs = node.hash?.pairs.map(({ key, value }) => [key, literalOf(value)] as const);
    for (const name of assignedNames(original, node.params.map(literalOf), new Map(pairs))) {
      this.#assigned.add(name);
    }
  }

  override MustacheStatement(node: hbs.AST.MustacheStatement): void {
    this.#own(node);
    this.#assigns(node);
    if (node.path.type === "PathExpression") {
      const path = node.path as hbs.AST.PathExpression;
      const [root] = path.parts;
      const value = path.data || path.depth > 0 || this.#depth > 0 || GIVEN.has(root ?? "");
      if (hasCall(node) || !(value || path.parts.length === 0)) this.#helper(path);
    }
    super.MustacheStatement(node);
  }

  override BlockStatement(node: hbs.AST.BlockStatement): void {
    this.#own(node);
    this.#assigns(node);
    if (hasCall(node)) this.#helper(node.path);
    this.#depth++;
    super.BlockStatement(node);
    this.#depth--;
  }

  override SubExpression(node: hbs.AST.SubExpression): void {
    this.#own(node);
    this.#assigns(node);
    if (node.path.type === "PathExpression") this.#helper(node.path);
    super.SubExpression(node);
  }

  override PathExpression(path: hbs.AST.PathExpression): void {
    const [root, part, name] = path.parts;
    if (root === "request" && part === "headers" && name !== undefined) this.headers.push(name);
  }
}
