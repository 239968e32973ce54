export type JsonObject = Readonly<Record<string, unknown>>;

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

export const textOf = (value: unknown): string | undefined =>
  typeof value === "string" ? value : typeof value === "number" ? String(value) : undefined;

/** A whole number, written as one or as text; undefined for anything else. */
export function integerOf(value: unknown): bigint | undefined {
  const text = textOf(value);
  return text !== undefined && /^\d{1,20}$/.test(text) ? BigInt(text) : undefined;
}

/** Of a list of attributes as OTLP's JSON has it: those that are text, numbers or booleans. */
export function attributesOf(list: unknown): Map<string, string> {
  const attributes = new Map<string, string>();
  for (const entry of listOf(list)) {
    if (!isObject(entry) || typeof entry["key"] !== "string" || !isObject(entry["value"])) continue;
    const text = valueOf(entry["value"]);
    if (text !== undefined) attributes.set(entry["key"], text);
  }
  return attributes;
}

/** Of a list, such as a header's values, the first. */
function valueOf(value: JsonObject): string | undefined {
  const { arrayValue, boolValue, doubleValue, intValue, stringValue } = value;
  const [first] = isObject(arrayValue) ? listOf(arrayValue["values"]) : [];
  return (
    textOf(stringValue) ??
    textOf(intValue) ??
    (typeof boolValue === "boolean" ? String(boolValue) : textOf(doubleValue)) ??
    (isObject(first) && !("arrayValue" in first) ? valueOf(first) : undefined)
  );
}

/** The attributes of what sent a part. */
export const resourceIn = (part: JsonObject): Map<string, string> =>
  attributesOf(isObject(part["resource"]) ? part["resource"]["attributes"] : undefined);

/** What stands in a list of each member of a list: the spans of all scopes, the metrics of all. */
export const listedIn = (members: unknown, name: string): readonly unknown[] =>
  listOf(members).flatMap((member) => (isObject(member) ? listOf(member[name]) : []));
