/** What captured traffic is: its records, its file, its routes, its keys, and a summary of it. */
export * from "./body.ts";
export * from "./dependencies/index.ts";
export * from "./describe.ts";
export * from "./diff/index.ts";
export * from "./distil.ts";
export { GivenRoutes } from "./given-routes.ts";
export * from "./in-record/index.ts";
export * from "./keys.ts";
export * from "./makeup/index.ts";
export * from "./popularity.ts";
export * from "./read.ts";
export {
  type Ledger,
  ledgerSchema,
  type Profile,
  PROFILE_SCHEMA_VERSION,
  type ProfileManifest,
  profileManifestSchema,
  type ProfileRecord,
  profileRecordSchema,
} from "./record.ts";
export * from "./rekey/index.ts";
export * from "./reuse.ts";
export * from "./routes.ts";
export * from "./store/index.ts";
export {
  type StoredProfile,
  storeProfile,
  storeOf,
  type StoreProfileOptions,
} from "./store-profile.ts";
export * from "./series/index.ts";
export * from "./working-set.ts";
export * from "./write.ts";
