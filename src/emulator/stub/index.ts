/** Stubs: what an emulated dependency answers to which call. */
export { matcherSchema, type Matcher } from "./matcher.ts";
export { type StubInput, stubName, stubSchema, type StubSpec } from "./schema.ts";
export {
  createStubs,
  type NearMiss,
  type StubHit,
  type StubOptions,
  type Stubs,
  withBodyFiles,
} from "./stubs.ts";
