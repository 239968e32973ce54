import { RouteTemplates } from "../profile/index.ts";

/**
 * Numbers the routes of a capture while their templates are still learnt, so that a record need
 * hold no more than a number until they are known. Holds as much as there are routes.
 */
export class CapturedRoutes {
  readonly templates = new RouteTemplates();
  readonly #numbers = new Map<string, Map<number, number>>();
  readonly #routes: { readonly method: string; readonly template: number }[] = [];

  /** Of a method and the number of a template, from 0. Several numbers may be of one route. */
  numberOf(method: string, template: number): number {
    let byTemplate = this.#numbers.get(method);
    if (byTemplate === undefined) {
      byTemplate = new Map();
      this.#numbers.set(method, byTemplate);
    }
    const known = byTemplate.get(template);
    if (known !== undefined) return known;
    const number = this.#routes.push({ method, template }) - 1;
    byTemplate.set(template, number);
    return number;
  }

  /** `GET /products/{slug}`; good once all paths were learnt. */
  routeOf(number: number): string {
    const { method, template } = this.#routes[number]!;
    return `${method} ${this.templates.templateOf(template)}`;
  }
}
