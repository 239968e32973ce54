/** Foreign captures → profiles: one file a format; redaction at the door. */
export { DEPENDENCY_FITTERS } from "./calls.ts";
export type { CaptureFilter } from "./collect.ts";
export type { CapturedRequest, CaptureFormat, CaptureItem } from "./format.ts";
export {
  CAPTURE_FORMATS,
  type Captured,
  type CapturedFile,
  type CaptureOptions,
  captureProfile,
  captureToFile,
} from "./import.ts";
export { createPseudonyms, type Pseudonyms, redactBody, Redactor } from "./redact/index.ts";
export { retryAfterMsOf } from "./retry-after.ts";
export type { RejectedRecord } from "./ledger.ts";
export { type ColumnMapping, parseColumns } from "./table/columns.ts";
export { type CaptureFile, openCapture, Peeked } from "./source.ts";
