type Schema = Readonly<Record<string, unknown>>;

/** Where schemas are found in a schema: one, a list of them, or by name. */
const LONE = "not additionalItems additionalProperties items".split(" ");
const LISTS = "items allOf anyOf oneOf".split(" ");
const NAMED = "properties patternProperties definitions dependencies".split(" ");

const isSchema = (value: unknown): value is Schema =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** `minimum: 3, exclusiveMinimum: true` is `exclusiveMinimum: 3` since draft 06. */
function bounded(schema: Schema, bound: string, exclusive: string): Schema {
  const { [bound]: limit, [exclusive]: excluded, ...rest } = schema;
  const kept = limit === undefined ? {} : { [bound]: limit };
  if (typeof excluded !== "boolean") return schema;
  return excluded && limit !== undefined ? { ...rest, [exclusive]: limit } : { ...rest, ...kept };
}

/**
 * A schema of draft 04 as one of draft 06 that allows the same: `id` is `$id`, and exclusive bounds
 * are numbers of their own.
 * Source: JSON Schema draft-wright-json-schema-01, changes since draft 04.
 */
export function asDraft06(schema: unknown): unknown {
  if (!isSchema(schema)) return schema;
  const { $schema: _draft, id, ...rest } = schema;
  const named = { ...rest, ...(typeof id === "string" ? { $id: id } : {}) };
  const lower = bounded(named, "minimum", "exclusiveMinimum");
  const both = bounded(lower, "maximum", "exclusiveMaximum");
  const entries = Object.entries(both).map(([key, value]) => {
    if (LISTS.includes(key) && Array.isArray(value)) return [key, value.map(asDraft06)];
    if (LONE.includes(key)) return [key, asDraft06(value)];
    if (!NAMED.includes(key) || !isSchema(value)) return [key, value];
    const parts = Object.entries(value).map(([name, part]) => [name, asDraft06(part)]);
    return [key, Object.fromEntries(parts)];
  });
  return Object.fromEntries(entries);
}
