/** Foreign captures → profiles: one file a format; redaction at the door. */
import { deferred } from "../core/index.ts";

export { DEPENDENCY_FITTERS } from "./calls.ts";
export type { CaptureFilter } from "./collect.ts";
export type { CapturedRequest, CaptureFormat, CaptureItem } from "./format.ts";
export type { Captured, CapturedFile, CaptureOptions } from "./import.ts";
export { Memo, MemoBudget } from "./memo.ts";
export {
  createPseudonyms,
  type Pseudonyms,
  redactBody,
  type Redacted,
  Redactor,
} from "./redact/index.ts";
export { retryAfterMsOf } from "./retry-after.ts";
export type { RejectedRecord } from "./ledger.ts";
export { type ColumnMapping, parseColumns } from "./table/columns.ts";
export { type CaptureFile, openCapture, Peeked } from "./source.ts";

// What reads captures, all formats with it, is loaded where there is one to read.
export const captureFormats = deferred(async () => {
  const { CAPTURE_FORMATS } = await import("./import.ts");
  return () => CAPTURE_FORMATS;
});
export const captureProfile = deferred(async () => (await import("./import.ts")).captureProfile);
export const captureToFile = deferred(async () => (await import("./import.ts")).captureToFile);
