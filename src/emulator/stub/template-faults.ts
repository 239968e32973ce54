import Handlebars from "handlebars";

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
