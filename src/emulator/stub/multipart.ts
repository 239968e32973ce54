/** A part of a form whose body is multipart (RFC 7578). */
export interface Part {
  /** Name in lower case → each value that came. */
  readonly headers: ReadonlyMap<string, readonly string[]>;
  /** Its body as UTF-8. */
  readonly text: string;
}

const BOUNDARY = /[;,]\s*boundary\*?\s*=\s*(?:"([^"]*)"|([^;]*))/i;
const PARAMETERS = /;\s*([^\s=;]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;]*))/g;

/** The bytes that a text stands for, each a character, as UTF-8. */
const utf8 = (bytes: string): string => Buffer.from(bytes, "latin1").toString("utf8");

function readHeaders(head: string): ReadonlyMap<string, readonly string[]> {
  const headers = new Map<string, string[]>();
  for (const line of head.replaceAll(/\r\n[ \t]+/g, " ").split("\r\n")) {
    const colon = line.indexOf(":");
    if (colon < 0) continue;
    const name = line.slice(0, colon).trim().toLowerCase();
    const value = utf8(line.slice(colon + 1)).trim();
    headers.set(name, [...(headers.get(name) ?? []), value]);
  }
  return headers;
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
 * form. What follows a delimiter that is none is not read; of a body that breaks off there is no part.
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
    if (end < 0) return [];
    const headers = readHeaders(bytes.slice(begin, Math.max(begin, headEnd)));
    parts.push({ headers, text: utf8(bytes.slice(headEnd + 4, end)) });
    at = end + 2 + delimiter.length;
  }
}
