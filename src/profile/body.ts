import type { ProfileRecord } from "./record.ts";

/** How many bytes a record's body has on the wire; 0 when it has none. */
export function bodyBytes(record: ProfileRecord): number {
  return record.body === undefined ? 0 : Buffer.byteLength(record.body.data, record.body.encoding);
}
