import Handlebars from "handlebars";
import { messageOf, ShakedownError } from "../../core/index.ts";

/** @throws SCENARIO_INVALID, always: what of the template at a place is wrong */
export function refuseTemplate(
  place: string,
  told: { readonly what: string; readonly hint: string; readonly cause?: unknown },
): never {
  const { cause, hint, what } = told;
  throw new ShakedownError("SCENARIO_INVALID", `${place}: ${what}`, { hint, cause });
}

/** @throws SCENARIO_INVALID when it is no template; the message begins with `place` */
export function parseTemplate(source: string, place: string): hbs.AST.Program {
  try {
    return Handlebars.parse(source);
  } catch (cause) {
    const what = `the template does not parse: ${messageOf(cause)}`;
    return refuseTemplate(place, { what, hint: "see the line that it names", cause });
  }
}
