import { z } from "zod";
import { messageOf, nodeHttp } from "../core/index.ts";

const { validateHeaderName, validateHeaderValue } = nodeHttp();

/** Headers of an answer by their names; of several values, each is a line of its own, in order. */
export type AnswerHeaders = Readonly<Record<string, string | string[]>>;

/** The listener frames its answers by itself. */
const FRAMING_HEADERS = new Set(["content-length", "transfer-encoding"]);

/**
 * Fields that are one value and no list: sent twice, they mean nothing. All that Node's HTTP/2
 * refuses to send twice is among them.
 */
const SINGLE_VALUES = new Set(
  (
    "access-control-allow-credentials access-control-max-age access-control-request-method age " +
    "authorization content-disposition content-encoding content-language content-location " +
    "content-md5 content-range content-type date dnt etag expires from host if-match " +
    "if-modified-since if-none-match if-range if-unmodified-since last-modified location " +
    "max-forwards proxy-authorization range referer retry-after server tk " +
    "upgrade-insecure-requests user-agent x-content-type-options"
  ).split(" "),
);

/** Whether the emulator sets this header, so that nobody else does. */
export const isFraming = (name: string): boolean => FRAMING_HEADERS.has(name.toLowerCase());

/** Whether a header of this name may come once only. */
export const isSingleValue = (name: string): boolean => SINGLE_VALUES.has(name.toLowerCase());

/** Whether one of the headers has this name, which is in lower case. */
export const hasHeader = (headers: AnswerHeaders, name: string): boolean =>
  Object.keys(headers).some((header) => header.toLowerCase() === name);

/** What is wrong with a header; null: nothing. */
function faultOf(name: string, values: readonly string[]): string | null {
  if (isFraming(name)) return "is set by the emulator";
  if (values.length > 1 && isSingleValue(name)) return "has one value only; give a text";
  try {
    validateHeaderName(name);
    for (const value of values) validateHeaderValue(name, value);
    return null;
  } catch (thrown) {
    return messageOf(thrown);
  }
}

/** Headers of an answer that a person writes: a value, or a list of them (`Set-Cookie`). */
export const headersSchema = z
  .record(
    z.string(),
    z.union([z.string(), z.array(z.string()).min(1).max(100)], {
      error: "is no header; write a text, or a list of texts",
    }),
  )
  .superRefine((headers, context) => {
    for (const [name, value] of Object.entries(headers)) {
      const message = faultOf(name, [value].flat());
      if (message !== null) context.addIssue({ code: "custom", path: [name], message });
    }
  });
