/* Values as Go, and its Handlebars, write and judge them. */

/** A list of which it is known that it holds texts alone: one of other values is another type there. */
export class Texts extends Array<string> {}

export const textsOf = (values: Iterable<string>): Texts => Texts.from(values);

/** A number without an exponent. */
export const plainNumber = (value: number): string =>
  /e/.test(String(value)) ? withoutExponent(value) : String(value);

function withoutExponent(value: number): string {
  const [, sign = "", whole = "", part = "", exponent] =
    /^(-?)(\d+)(?:\.(\d+))?e([+-]\d+)$/.exec(String(value)) ?? [];
  const places = Number(exponent);
  const digits = whole + part;
  if (places < 0) return `${sign}0.${"0".repeat(-places - 1)}${digits}`;
  return sign + digits.padEnd(places + 1, "0");
}

/** As `%v` has it: with an exponent from a million on, and below a ten-thousandth. */
export function goNumber(value: number): string {
  const [digits = "", exponent = "0"] = value.toExponential().split("e");
  const places = Number(exponent);
  if (value === 0 || (places >= -4 && places < 6)) return plainNumber(value);
  const size = String(Math.abs(places)).padStart(2, "0");
  return `${digits}e${places < 0 ? "-" : "+"}${size}`;
}

/** JSON with sorted names, and what HTML would take for its own escaped. */
export function goJson(value: unknown): string {
  const sorted = (each: unknown): unknown => {
    if (typeof each !== "object" || each === null) return each;
    if (Array.isArray(each)) return each.map(sorted);
    const entries = Object.entries(each).toSorted(([a], [b]) => (a < b ? -1 : 1));
    return Object.fromEntries(entries.map(([name, inner]) => [name, sorted(inner)]));
  };
  return JSON.stringify(sorted(value)).replaceAll(
    /[<>&\u2028\u2029]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** As `%s` has a value within another, where only texts are meant. */
function verbatim(value: unknown): string {
  if (typeof value === "string") return value;
  if (Array.isArray(value)) return `[${value.map(verbatim).join(" ")}]`;
  if (typeof value === "number") return `%!s(float64=${goNumber(value)})`;
  if (typeof value === "boolean") return `%!s(bool=${value})`;
  if (typeof value !== "object" || value === null) return "%!s(<nil>)";
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `map[${entries.map(([name, each]) => `${name}:${verbatim(each)}`).join(" ")}]`;
}

/** A value as a template writes it: of a list, its elements one after the other. */
export function written(value: unknown): string {
  if (value === undefined || value === null) return "";
  if (Array.isArray(value)) return value.map(written).join("");
  if (typeof value === "number") return plainNumber(value);
  return typeof value === "object" ? verbatim(value) : `${value as string | boolean}`;
}

/** Nothing that is empty is true, no object either. */
export function isTrue(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  if (typeof value === "object" && value !== null) return Object.keys(value).length > 0;
  return Boolean(value);
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "'": "&apos;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
};

/** As `{{ }}` writes it, where `{{{ }}}` does not. */
export const escaped = (text: string): string =>
  text.replaceAll(/[&'<>"]/g, (char) => ENTITIES[char]!);
