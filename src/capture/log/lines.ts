import type { CapturedRequest, CaptureItem } from "../format.ts";
import { Unusable } from "../http-message.ts";
import type { CaptureFile } from "../source.ts";
import { splitPieces } from "../split.ts";

const LINE_MAX_BYTES = 2 ** 20;
const NEW_LINE = Buffer.from("\n");
const SNIFFED_LINES = 20;

/** What one line is: a request, or (undefined) a line that is none, such as a comment. */
export type LineReader = (line: string, place: string) => CapturedRequest | undefined;

/** Reads a log line by line, as Latin-1; what a reader throws as unusable is rejected. */
export async function* readLines(
  { chunks, name }: CaptureFile,
  read: LineReader,
): AsyncGenerator<CaptureItem> {
  for await (const { bytes, line, oversize } of splitPieces(chunks, NEW_LINE, LINE_MAX_BYTES)) {
    const place = `${name}:${line}`;
    const text = bytes.toString("latin1").replace(/\r$/, "");
    if (text.trim() === "" && !oversize) continue;
    try {
      if (oversize) throw new Unusable("the line is over 1 MiB");
      const request = read(text, place);
      if (request !== undefined) yield { kind: "request", request };
    } catch (thrown) {
      if (!(thrown instanceof Unusable)) throw thrown;
      yield { kind: "rejected", place, reason: thrown.message };
    }
  }
}

/** The first lines that are not empty; the last one may be cut off. */
export const firstLines = (head: Buffer): string[] =>
  head
    .toString("latin1")
    .split("\n")
    .map((line) => line.replace(/\r$/, ""))
    .filter((line) => line.trim() !== "")
    .slice(0, SNIFFED_LINES);

const CRI = /^\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d) std(?:out|err) [FP] /;

/** A line as a container wrote it: without what the container's runtime puts around it. */
export function unwrapped(line: string): string {
  const bare = line.replace(CRI, "").replace(/^ACCESS /, "");
  if (!/^\{.*"(?:log|message)":/.test(bare)) return bare;
  try {
    const { log, message } = JSON.parse(bare) as { log?: unknown; message?: unknown };
    const inner = log ?? message;
    return typeof inner === "string" ? inner.replace(/\n$/, "").replace(/^ACCESS /, "") : bare;
  } catch {
    return bare;
  }
}
