import { z } from "zod";
import { hashText53 } from "../../core/index.ts";
import type { CallContext } from "../model.ts";
import { pathMatcher } from "../path-template.ts";

/**
 * Whose account a call goes to: `none` (one for everybody), `client` (by address), `api-key` (a
 * bearer token, basic credentials, or `x-api-key`), `path` (each on its own), `path:/users/:id`
 * (one for each value of the template's parameters; other paths are not limited), `header:x-tenant`.
 */
export const keySchema = z
  .string()
  .refine(
    (by) => /^(none|client|api-key|path|path:\/\S*|header:[\w-]+)$/.test(by),
    "write none, client, api-key, path, path:/users/:id or header:x-tenant",
  )
  .default("none");

/** A caller's key; null: the limit is not about this call. */
export type KeyOf = (call: CallContext) => string | null;

export function keyOfBy(by: string): KeyOf {
  if (by === "none") return () => "";
  if (by === "client") return ({ client }) => client;
  if (by === "path") return ({ path }) => path.split("?", 1)[0] ?? "";
  if (by.startsWith("path:")) {
    const match = pathMatcher(by.slice("path:".length));
    return ({ path }) => match(path)?.join("/") ?? null;
  }
  if (by.startsWith("header:")) {
    const name = by.slice("header:".length).toLowerCase();
    return ({ headers }) => headers[name] ?? "";
  }
  // Credentials are kept as their hash.
  return ({ headers }) =>
    String(hashText53(headers["authorization"] ?? headers["x-api-key"] ?? ""));
}

/**
 * What a call takes: a number; one for what reads (GET, HEAD, OPTIONS) and one for what writes; what
 * a header says, or else a number; or by the size of its body.
 */
export const costSchema = z
  .union([
    z.number().positive(),
    z.strictObject({ read: z.number().min(0), write: z.number().min(0) }),
    z.strictObject({ header: z.string().min(1), default: z.number().min(0).default(1) }),
    z.strictObject({ bytesPerUnit: z.number().positive(), default: z.number().min(0).default(1) }),
  ])
  .default(1);

const READS: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"]);

export function costOf(spec: z.output<typeof costSchema>): (call: CallContext) => number {
  if (typeof spec === "number") return () => spec;
  if ("write" in spec) return ({ method }) => (READS.has(method) ? spec.read : spec.write);
  if ("header" in spec) {
    const name = spec.header.toLowerCase();
    return ({ headers }) => {
      const said = Number(headers[name]);
      return Number.isFinite(said) && said >= 0 && headers[name] !== "" ? said : spec.default;
    };
  }
  return ({ requestBytes }) => spec.default + Math.ceil(requestBytes / spec.bytesPerUnit);
}
