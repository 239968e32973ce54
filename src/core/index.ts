/** Units, clock, chance, identity, errors: the words everything else is written in. */
export * from "./canonical.ts";
export * from "./clock.ts";
export { leaveCodeAsItIs } from "./compiling.ts";
export {
  createDeadlines,
  type DeadlineHandle,
  DeadlineQueue,
  type Deadlines,
  type Pacing,
  PACINGS,
} from "./deadlines.ts";
export { endIdleAlarms } from "./wakers.ts";
export * from "./errors.ts";
export { parseExactJson } from "./exact-json.ts";
export * from "./header-lines.ts";
export * from "./identity.ts";
export { deferred, lazily } from "./lazily.ts";
export { NamelessFile } from "./nameless-file.ts";
export { nodeHttp } from "./node-http.ts";
export { openFileLimit } from "./open-files.ts";
export * from "./plain-error.ts";
export * from "./priority.ts";
export * from "./prng.ts";
export * from "./standard-input.ts";
export * from "./thread.ts";
export { GZIP_MAGIC, Unpack, ZSTD_MAGIC } from "./unpack.ts";
export { type ValueDifference, valueDifferences } from "./value-differences.ts";
export * from "./units.ts";
export { untilAborted } from "./until-aborted.ts";
export { withoutPasswords } from "./without-passwords.ts";
