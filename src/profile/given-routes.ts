import { ShakedownError } from "../core/index.ts";

const HINT = "write a path with names in braces, such as /users/{name}/photos";
const NAME = /\{([^{}]*)\}/g;

/** How much a segment leaves open: a text nothing, a name in a text a little, a name everything. */
const LITERAL = 0;
const PARTLY = 1;
const OPEN = 2;

interface GivenRoute {
  readonly template: string;
  readonly pattern: RegExp;
  /** Of each segment; less is more specific, the first that differs decides. */
  readonly openness: readonly number[];
}

const refuse = (template: string, problem: string): ShakedownError =>
  new ShakedownError("USAGE", `the route ${JSON.stringify(template)} ${problem}`, { hint: HINT });

function checkSegment(template: string, segment: string): void {
  const rest = segment.replace(NAME, (_all, name: string) => {
    if (/^\w+$/.test(name)) return "";
    throw refuse(template, `has {${name}}, which is no name`);
  });
  if (/[{}]/.test(rest)) throw refuse(template, "has a brace without its other");
  if (/\}\{/.test(segment)) throw refuse(template, "has two names with nothing between them");
}

function parsed(template: string): GivenRoute {
  if (!template.startsWith("/")) throw refuse(template, "does not begin with /");
  if (/[?#\s]/.test(template)) {
    throw refuse(template, "is more than a path: routes are told by the path alone");
  }
  const segments = template.split("/").slice(1);
  for (const segment of segments) checkSegment(template, segment);
  const source = template
    .split(/(\{\w+\})/)
    .map((part, i) => (i % 2 === 0 ? part.replaceAll(/[^\w/]/g, String.raw`\$&`) : "[^/]+?"))
    .join("");
  return {
    template,
    pattern: new RegExp(`^${source}$`),
    openness: segments.map((segment) => {
      if (!segment.includes("{")) return LITERAL;
      return /^\{\w+\}$/.test(segment) ? OPEN : PARTLY;
    }),
  };
}

function bySpecificity(a: GivenRoute, b: GivenRoute): number {
  // No path has both depths: which comes first is all the same, but an order it must be.
  const deeper = a.openness.length - b.openness.length;
  if (deeper !== 0) return deeper;
  const differs = a.openness.findIndex((open, i) => open !== b.openness[i]);
  return differs === -1 ? 0 : a.openness[differs]! - b.openness[differs]!;
}

/**
 * Path templates that a user gives, `/users/{name}/photos`: a name stands for anything but a slash,
 * and for at least one character, in a whole segment or in a part of one (`{name}.json`). Of several
 * that fit, the one wins that is more specific in the first segment in which they differ.
 */
export class GivenRoutes {
  readonly #routes: readonly GivenRoute[];

  /** @throws USAGE for a text that is no path template, or that comes twice but for its names */
  constructor(templates: readonly string[]) {
    const seen = new Map<string, string>();
    for (const template of templates) {
      const shape = template.replace(NAME, "{}");
      const twin = seen.get(shape);
      if (twin !== undefined) throw refuse(template, `is the same as ${JSON.stringify(twin)}`);
      seen.set(shape, template);
    }
    this.#routes = templates.map(parsed).toSorted(bySpecificity);
  }

  /** The template that a path without its query has; undefined when none fits. */
  of(path: string): string | undefined {
    return this.#routes.find(({ pattern }) => pattern.test(path))?.template;
  }
}
