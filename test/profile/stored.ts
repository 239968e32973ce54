import {
  type ProfileRecord,
  type RecordStore,
  RecordStoreWriter,
  writeRecords,
} from "../../src/profile/index.ts";

/** A store of these records, in memory. */
export const recordStore = (records: Iterable<ProfileRecord>): RecordStore =>
  writeRecords(new RecordStoreWriter(), records).records;
