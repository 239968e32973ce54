import { canonicalJson, sha256Hex } from "../core/index.ts";
import { type ReadOptions, streamProfile } from "./read.ts";
import type { ProfileManifest, ProfileRecord } from "./record.ts";
import {
  type RecordStore,
  RecordStoreWriter,
  type StoreOptions,
  writeRecords,
} from "./store/index.ts";

/** A profile whose records are not held in memory; to be disposed of. */
export interface StoredProfile extends Disposable {
  readonly manifest: ProfileManifest;
  readonly records: RecordStore;
  /** Of manifest and records, as they are replayed: in hex. */
  readonly sha256: string;
}

/** Which records are kept; asked of each once, in their order. */
export type Keep = (record: ProfileRecord) => boolean;

export interface StoreProfileOptions extends StoreOptions, ReadOptions {
  readonly keep?: Keep;
}

const storedProfile = (
  writer: RecordStoreWriter,
  manifest: ProfileManifest,
  { records, sha256 }: ReturnType<RecordStoreWriter["finish"]>,
): StoredProfile => ({
  manifest,
  records,
  sha256: sha256Hex(canonicalJson({ manifest, records: sha256 })),
  [Symbol.dispose]: () => writer[Symbol.dispose](),
});

/**
 * Reads a profile file into a store, checking every line as `readProfile` does. What `keep` leaves
 * out is not stored; arrivals begin anew at 0.
 * @throws as `readProfile`; why `signal` was aborted; PROFILE_INVALID when it has more routes than
 * observations can name; OUTPUT_UNWRITABLE when the disk does not take what memory should not hold
 */
export async function storeProfile(
  path: string,
  { keep = () => true, ...options }: StoreProfileOptions = {},
): Promise<StoredProfile> {
  let writer: RecordStoreWriter | undefined;
  try {
    const manifest = await streamProfile(
      path,
      {
        begin({ counts }) {
          writer = new RecordStoreWriter({ promised: counts.records, ...options });
        },
        add(record, bytes, from, to) {
          if (keep(record)) writer!.add(record, bytes, from, to);
        },
      },
      options,
    );
    return storedProfile(writer!, manifest, writer!.finish());
  } catch (thrown) {
    writer?.[Symbol.dispose]();
    throw thrown;
  }
}

/** A stored profile of records that are at hand; see `storeProfile`. */
export function storeOf(
  {
    manifest,
    records,
  }: { readonly manifest: ProfileManifest; readonly records: Iterable<ProfileRecord> },
  { keep, ...options }: StoreOptions & { readonly keep?: Keep } = {},
): StoredProfile {
  const writer = new RecordStoreWriter(options);
  try {
    const kept = keep === undefined ? records : Iterator.from(records).filter(keep);
    return storedProfile(writer, manifest, writeRecords(writer, kept));
  } catch (thrown) {
    writer[Symbol.dispose]();
    throw thrown;
  }
}
