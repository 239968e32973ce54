/** Stubs: what an emulated dependency answers to which call. */
export { withBodyFiles } from "./body-files.ts";
export { matcherSchema, type Matcher } from "./matcher.ts";
export type { PartMatcherInput } from "./part-matcher.ts";
export { type StubInput, stubName, stubSchema, type StubSpec } from "./schema.ts";
export { createStubs, type NearMiss, type StubHit, type StubOptions, type Stubs } from "./stubs.ts";
