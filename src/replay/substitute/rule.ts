/** A place in a JSON text: keys and indices from the outermost value inwards. */
export type JsonPath = readonly (string | number)[];

/** Where in a response a value is found. Names of headers are lower-case; cookie `*` is all of them. */
export type ResponsePlace =
  | { readonly kind: "json"; readonly path: JsonPath }
  | { readonly kind: "header" | "cookie"; readonly name: string };

/** Where in a request it goes. `segment` counts the path's segments from 0. */
export type RequestPlace =
  | { readonly kind: "json"; readonly path: JsonPath }
  | { readonly kind: "header" | "cookie" | "query"; readonly name: string }
  | { readonly kind: "path"; readonly segment: number };

/** What a target issues during the replay, and which captured value it takes the place of. */
export interface SubstitutionRule {
  readonly from: ResponsePlace;
  readonly to: RequestPlace;
  /** Text around the value, with one `{}`: `Bearer {}`. */
  readonly as?: string | undefined;
  /** Learn from responses of this route only: `POST /login`. */
  readonly on?: string | undefined;
}

const BARE_KEY = /^[\w$@:-]+$/;
const BARE_NAME = /^[\w$@:.[\]-]+$/;

function jsonPathText(path: JsonPath): string {
  const steps = path.map((step) => {
    if (typeof step === "number") return `[${step}]`;
    return BARE_KEY.test(step) ? `.${step}` : `[${JSON.stringify(step)}]`;
  });
  return steps.join("").replace(/^\./, "");
}

const nameText = (name: string): string =>
  name === "*" || BARE_NAME.test(name) ? name : JSON.stringify(name);

/** A place as people write it: `json(data.items[0].id)`, `query("odd name")`. */
export function placeText(place: ResponsePlace | RequestPlace): string {
  if (place.kind === "json") return `json(${jsonPathText(place.path)})`;
  if (place.kind === "path") return `path(${place.segment})`;
  return `${place.kind}(${place.kind === "query" ? nameText(place.name) : place.name})`;
}

/** A rule as it is written on the command line; `parseSubstitution` reads it back. */
export function substitutionText({ from, to, as, on }: SubstitutionRule): string {
  const asText = as === undefined ? "" : ` as ${JSON.stringify(as)}`;
  const onText = on === undefined ? "" : ` on ${JSON.stringify(on)}`;
  return `response.${placeText(from)} -> request.${placeText(to)}${asText}${onText}`;
}
