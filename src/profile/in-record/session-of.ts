import type { ProfileRecord } from "../record.ts";

/** The captured session of a record, or its connection; null where neither is known. */
export function sessionOf(record: ProfileRecord): string | null {
  return record.session ?? record.connection ?? null;
}
