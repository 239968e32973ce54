import { grouped } from "./grouped.ts";

/** A part of a form whose body is multipart (RFC 7578). */
export interface Part {
  /** Name in lower case → each value that came. */
  readonly headers: ReadonlyMap<string, readonly string[]>;
  /** Its body as UTF-8. */
  readonly text: string;
}

/** A part's headers may be that long together: WireMock answers none that has more than 512 bytes. */
const HEAD_MAX = 10_240;

const BOUNDARY = /[;,]\s*boundary\*?\s*=\s*(?:"([^"]*)"|([^;]*))/i;
const PARAMETERS = /;\s*([^\s=;]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;]*))/g;

/** The bytes that a text stands for, each a character, as UTF-8. */
const utf8 = (bytes: string): string => Buffer.from(bytes, "latin1").toString("utf8");

function readHeaders(head: string): ReadonlyMap<string, readonly string[]> {
  const lines = head.replaceAll(/\r\n[ \t]+/g, " ").split("\r\n");
  const pairs = lines.flatMap((line): [name: string, value: string][] => {
    const colon = line.indexOf(":");
    if (colon < 0) return [];
    return [[line.slice(0, colon).trim().toLowerCase(), utf8(line.slice(colon + 1)).trim()]];
  });
  return grouped(pairs);
}

/** Whether a part says which field of the form it is. */
function isField({ headers }: Part): boolean {
  const [disposition = ""] = headers.get("content-disposition") ?? [];
  if (!/^form-data/i.test(disposition)) return false;
  return [...disposition.matchAll(PARAMETERS)].some(
    ([, name, quoted, bare]) => /^name\*?$/i.test(name!) && (quoted ?? bare)!.trim() !== "",
  );
}

/**
 * The parts of a body that is multipart by its `content-type`, but for those that are no field of a
 * form. What follows a delimiter that is none is not read; of a body that breaks off, or has a part whose
 * headers are longer than 10,240 bytes, there is no part.
 */
export function readParts(contentType: string, body: Buffer): readonly Part[] {
  const [, quoted, bare = ""] = BOUNDARY.exec(contentType) ?? [];
  const boundary = quoted ?? bare.trim();
  if (!/^\s*multipart\//i.test(contentType) || boundary === "") return [];
  const bytes = body.toString("latin1");
  const delimiter = `--${boundary}`;
  const parts: Part[] = [];
  const first = bytes.indexOf(delimiter);
  let at = first < 0 ? bytes.length : first + delimiter.length;
  for (;;) {
    const lineEnd = ["\r\n", "\n"].find((end) => bytes.startsWith(end, at));
    if (lineEnd === undefined) return parts.filter(isField);
    const begin = at + lineEnd.length;
    const headEnd = bytes.startsWith("\r\n", begin) ? begin - 2 : bytes.indexOf("\r\n\r\n", begin);
    const end = headEnd < 0 ? -1 : bytes.indexOf(`\r\n${delimiter}`, headEnd + 4);
    if (end < 0 || headEnd - begin > HEAD_MAX) return [];
    const headers = readHeaders(bytes.slice(begin, Math.max(begin, headEnd)));
    parts.push({ headers, text: utf8(bytes.slice(headEnd + 4, end)) });
    at = end + 2 + delimiter.length;
  }
}
