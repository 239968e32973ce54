import { BinaryWriter } from "@bufbuild/protobuf/wire";
import type { OtlpEncoding } from "../otlp/index.ts";
import type { Rejected } from "./intake.ts";

/** What can be sent to a receiver, by the path that it is sent to. */
export const SIGNALS = {
  "/v1/metrics": { rejected: "rejectedDataPoints" },
  "/v1/traces": { rejected: "rejectedSpans" },
  "/v1/logs": { rejected: "rejectedLogRecords" },
} as const;
export type SignalPath = keyof typeof SIGNALS;

export const mediaTypeOf = (encoding: OtlpEncoding): string =>
  encoding === "json" ? "application/json" : "application/x-protobuf";

/**
 * The body of a 200: empty where all was taken, else what was not.
 *
 * Source: OTLP specification, "Full success" and "Partial success"; Export…PartialSuccess has the
 * number in field 1 and the reason in field 2.
 */
export function successBody(
  encoding: OtlpEncoding,
  path: SignalPath,
  { because, count }: Rejected,
): Uint8Array {
  if (encoding === "json") {
    const partialSuccess = { [SIGNALS[path].rejected]: String(count), errorMessage: because };
    return Buffer.from(JSON.stringify(count === 0 ? {} : { partialSuccess }));
  }
  if (count === 0) return new Uint8Array();
  const writer = new BinaryWriter().tag(1, 2).fork();
  writer.tag(1, 0).int64(count).tag(2, 2).string(because);
  return writer.join().finish();
}

/** The body of a refusal: a google.rpc.Status with its message in field 2. */
export function failureBody(encoding: OtlpEncoding, message: string): Uint8Array {
  if (encoding === "json") return Buffer.from(JSON.stringify({ message }));
  return new BinaryWriter().tag(2, 2).string(message).finish();
}
