import { parseExactJson } from "../../core/index.ts";
import { type JsonElement, jsonElements } from "../json-scan.ts";
import type { CaptureFile } from "../source.ts";
import type { SpanItem } from "./trace-format.ts";

const PART_MAX_BYTES = 256 * 2 ** 20;
const REASONS: Partial<Record<JsonElement["kind"], string>> = {
  oversize: "the part is over 256 MiB",
  cut: "the file ends inside the part",
  "not-object": "the part is not an object",
};

/**
 * Reads a file's JSON part by part: the objects in the list under these keys, or the outermost
 * ones. What cannot be read is rejected in its place; a file that is cut off is told.
 */
export async function* spansInParts(
  { chunks, name }: CaptureFile,
  keys: readonly string[],
  read: (part: unknown, place: string) => Iterable<SpanItem>,
): AsyncGenerator<SpanItem> {
  const parts = jsonElements(chunks, keys, PART_MAX_BYTES);
  for (;;) {
    const { value, done } = await parts.next();
    if (done === true) {
      if (!value) yield { kind: "warning", text: `${name} is cut off: its JSON does not end` };
      return;
    }
    const place = `${name}:${value.line}`;
    const reason = REASONS[value.kind];
    if (reason !== undefined) {
      yield { kind: "rejected", place, reason };
      continue;
    }
    let part: unknown;
    try {
      part = parseExactJson(value.bytes.toString("utf8"));
    } catch {
      yield { kind: "rejected", place, reason: "the part is not JSON" };
      continue;
    }
    yield* read(part, place);
  }
}
