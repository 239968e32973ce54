import type { z } from "zod";
import {
  HEADER_NAME,
  HEADER_VALUE,
  METHOD,
  PATH,
  type ProfileRecord,
  profileRecordSchema,
} from "./record.ts";

type Fields = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;

/** Names that were found to be well-formed: there are few. */
const knownNames = new Set<string>();
const KNOWN_NAMES_MAX = 1_000;

function isName(value: unknown): boolean {
  if (typeof value !== "string") return false;
  if (knownNames.has(value)) return true;
  if (!HEADER_NAME.test(value)) return false;
  if (knownNames.size < KNOWN_NAMES_MAX) knownNames.add(value);
  return true;
}

function areHeaders(value: unknown): boolean {
  if (!Array.isArray(value)) return false;
  for (const header of value as readonly unknown[]) {
    if (!Array.isArray(header) || header.length !== 2 || !isName(header[0])) return false;
    if (typeof header[1] !== "string" || !HEADER_VALUE.test(header[1])) return false;
  }
  return true;
}

function isBody(value: unknown): boolean {
  if (!isObject(value) || typeof value["data"] !== "string") return false;
  const { encoding } = value;
  return (encoding === "utf8" || encoding === "base64") && Object.keys(value).length === 2;
}

/** What each field must be; calls of dependencies, and what is not here, are left to the schema. */
function isField(name: string, value: unknown): boolean {
  switch (name) {
    case "offsetNs":
    case "responseBytes":
      return isCount(value);
    case "method":
      return typeof value === "string" && METHOD.test(value);
    case "path":
      return typeof value === "string" && PATH.test(value);
    case "headers":
      return areHeaders(value);
    case "body":
      return isBody(value);
    case "route":
    case "session":
    case "connection":
      return typeof value === "string";
    case "status":
      return Number.isSafeInteger(value);
    case "serviceTimeUs":
      return Number.isFinite(value) && (value as number) >= 0;
    default:
      return false;
  }
}

const REQUIRED = ["offsetNs", "method", "path", "headers", "route"] as const;

/**
 * Whether a value that was JSON is plainly a record. Where it says yes, so does the schema, which
 * takes ten times as long; it may say no to a record that the schema takes.
 */
export function isPlainRecord(value: unknown): value is ProfileRecord {
  if (!isObject(value)) return false;
  for (const name in value) if (!isField(name, value[name])) return false;
  return REQUIRED.every((name) => Object.hasOwn(value, name));
}

/** The record that a value is, or what breaks the schema. */
export function checkRecord(
  value: unknown,
): { readonly record: ProfileRecord } | { readonly error: z.ZodError } {
  if (isPlainRecord(value)) return { record: value };
  const parsed = profileRecordSchema.safeParse(value);
  return parsed.success ? { record: parsed.data } : { error: parsed.error };
}
