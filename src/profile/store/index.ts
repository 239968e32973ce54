/** The records of a profile for whoever replays them: read when asked for, and shared by threads. */
export { RecordStore, type StoredRecords } from "./store.ts";
export type { BlockSize } from "./text.ts";
export { RecordStoreWriter, type StoreOptions, writeRecords } from "./writer.ts";
