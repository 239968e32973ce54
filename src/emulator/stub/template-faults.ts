import Handlebars from "handlebars";

export type Call = hbs.AST.MustacheStatement | hbs.AST.BlockStatement | hbs.AST.SubExpression;

/** Handlebars' own, and how many parameters each takes: called otherwise, they throw. */
export const OWN_PARAMETERS: ReadonlyMap<string, number> = new Map([
  ["if", 1],
  ["unless", 1],
  ["each", 1],
  ["with", 1],
  ["lookup", 2],
]);

/** Of a thing in a template, with where it stands. */
export const placed = (what: string, { start }: hbs.AST.SourceLocation): string =>
  `${what} (line ${start.line}, column ${start.column + 1})`;

/** Looks through a template for what cannot be done, whoever's it is: a stub has no other templates. */
export class TemplateFaults extends Handlebars.Visitor {
  /** What cannot be done, each with its place. */
  readonly faults: string[] = [];

  protected fault(what: string, loc: hbs.AST.SourceLocation): void {
    this.faults.push(placed(what, loc));
  }

  /** Whether a call has so many parameters; that it has not is a fault. */
  protected isGiven(wanted: number, { loc, params, path }: Call): boolean {
    if (params.length === wanted) return true;
    const { original } = path as hbs.AST.PathExpression;
    this.fault(`${original} with ${params.length} parameters, not ${wanted}`, loc);
    return false;
  }

  override PartialStatement({ loc }: hbs.AST.PartialStatement): void {
    this.fault("a partial", loc);
  }

  override PartialBlockStatement({ loc }: hbs.AST.PartialBlockStatement): void {
    this.fault("a partial", loc);
  }

  override DecoratorBlock({ loc }: hbs.AST.DecoratorBlock): void {
    this.fault("a decorator", loc);
  }

  override Decorator({ loc }: hbs.AST.Decorator): void {
    this.fault("a decorator", loc);
  }
}
