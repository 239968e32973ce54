import { type Fields, fieldsOf, isFields } from "./model.ts";
import { NotTold } from "./not-told.ts";
import { writtenRef } from "./openapi-bundle.ts";

/** Longer chains of references are taken for circles. */
const CHAIN_MAX = 32;

/** What looks like a reference in one of these is none. */
const VALUES = new Set(["const", "default", "enum", "example", "examples", "discriminator"]);

const unescaped = (part: string): string =>
  decodeURIComponent(part).replaceAll("~1", "/").replaceAll("~0", "~");

function pointed(document: Fields, ref: string): unknown {
  // What could not be bundled says why.
  if (!/^#(\/|$)/.test(ref)) throw new NotTold(`$ref ${ref}`);
  let at: unknown = document;
  for (const part of ref.split("/").slice(1)) {
    const fields: Fields = Array.isArray(at) ? Object.fromEntries(at.entries()) : fieldsOf(at);
    const name = unescaped(part);
    if (!Object.hasOwn(fields, name)) {
      throw new NotTold(`$ref ${writtenRef(document, ref)} leads nowhere`);
    }
    at = fields[name];
  }
  return at;
}

/**
 * A part of a bundled document, or what its `$ref` stands for.
 * @throws NotTold for a reference that cannot be followed, to nothing, or round in a circle
 */
export function resolved(document: Fields, value: unknown): Fields {
  let at = value;
  for (let step = 0; step < CHAIN_MAX; step++) {
    const ref = fieldsOf(at)["$ref"];
    if (typeof ref !== "string") return fieldsOf(at);
    at = pointed(document, ref);
  }
  throw new NotTold("$ref goes round in a circle");
}

/**
 * Looks through a schema and all that it refers to; whether one of them has a discriminator.
 * @throws NotTold as `resolved` does
 */
export function hasDiscriminator(document: Fields, schema: unknown): boolean {
  const seen = new Set<unknown>();
  const waiting: unknown[] = [schema];
  let found = false;
  while (waiting.length > 0) {
    const each = waiting.pop();
    if (typeof each !== "object" || each === null || seen.has(each)) continue;
    seen.add(each);
    if (isFields(each)) {
      if (typeof each["$ref"] === "string") waiting.push(resolved(document, each));
      if (isFields(each["discriminator"])) found = true;
      for (const [name, part] of Object.entries(each)) {
        if (name === "properties") waiting.push(...Object.values(fieldsOf(part)));
        else if (!VALUES.has(name)) waiting.push(part);
      }
    } else waiting.push(...(each as unknown[]));
  }
  return found;
}
