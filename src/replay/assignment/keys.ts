import { hashText53 } from "../../core/index.ts";
import type { ProfileRecord, RecordStore } from "../../profile/index.ts";
import { sessionOf } from "../../profile/in-record/index.ts";
import type { RecordKeys } from "./split.ts";
import type { SplitSpec } from "./spec.ts";

/** The text that a record is assigned by; null where it has none. */
function textOf(record: ProfileRecord, { by }: SplitSpec): string | null {
  if (by.kind === "session") return sessionOf(record);
  if (by.kind === "request") return null;
  const wanted = by.header.toLowerCase();
  return record.headers.find(([name]) => name.toLowerCase() === wanted)?.[1] ?? null;
}

const escaped = (text: string): string => text.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`);

/** Whether a key is one of some, `*` standing for anything. */
export function keyMatcher(patterns: readonly string[]): (key: string) => boolean {
  const any = patterns.map((pattern) => pattern.split("*").map(escaped).join(".*"));
  const whole = new RegExp(`^(?:${any.join("|")})$`, "s");
  return (key) => patterns.length > 0 && whole.test(key);
}

const shared = (length: number, bytes: number): SharedArrayBuffer =>
  new SharedArrayBuffer(length * bytes);

/**
 * Whose each record is, for a split: in memory that all threads share. Sessions have numbers
 * already; for headers, and for reserved keys, every record is read once.
 */
export function recordKeys(spec: SplitSpec, records: RecordStore): RecordKeys {
  const { length } = records;
  const keys = new Float64Array(shared(length, 8));
  const reserved = new Uint8Array(shared(length, 1));
  const bySession = spec.by.kind === "session";
  if (bySession) for (let i = 0; i < length; i++) keys[i] = records.sessionOf(i);
  if (spec.by.kind === "request" || (bySession && spec.reserved.length === 0)) {
    return { keys, reserved };
  }
  const isReserved = keyMatcher(spec.reserved);
  let index = 0;
  for (const record of records.records()) {
    const text = textOf(record, spec);
    if (text !== null) {
      if (!bySession) keys[index] = hashText53(text) || 1;
      if (isReserved(text)) reserved[index] = 1;
    }
    index++;
  }
  return { keys, reserved };
}
