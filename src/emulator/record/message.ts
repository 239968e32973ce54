/** The bytes can no longer be told apart into messages; the message is one of a few fixed sentences. */
export class LostWay extends Error {}

/** The first lines of an HTTP/1 message. Text is Latin-1: one character a byte. */
export interface MessageHead {
  readonly firstLine: string;
  /** Names in lower case, in their order, duplicates kept. */
  readonly headers: readonly (readonly [string, string])[];
}

/** Where a message's body ends. */
export type Framing =
  | { readonly kind: "none" }
  | { readonly kind: "length"; readonly bytes: number }
  | { readonly kind: "chunked" }
  /** With the connection. */
  | { readonly kind: "close" };

/** All values of a header, joined by a comma; empty when there is none. */
export function headerValue(head: MessageHead, wanted: string): string {
  return head.headers
    .filter(([name]) => name === wanted)
    .map(([, value]) => value)
    .join(",");
}

/** @throws LostWay when a line is no header */
export function parseLines([firstLine = "", ...lines]: readonly string[]): MessageHead {
  const headers: [string, string][] = [];
  for (const line of lines) {
    const last = headers.at(-1);
    if (/^[ \t]/.test(line) && last !== undefined) {
      // A folded header: obsolete, and still legal to receive.
      last[1] += ` ${line.trim()}`;
      continue;
    }
    const colon = line.indexOf(":");
    if (colon < 1) throw new LostWay("a header line has no name");
    headers.push([line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]);
  }
  return { firstLine, headers };
}

/**
 * What the head's own fields say about the body; undefined when they say nothing.
 * Source: RFC 9112, section 6.3.
 * @throws LostWay when the length is no number, or several that differ
 */
export function announcedFraming(head: MessageHead): Framing | undefined {
  const coding = headerValue(head, "transfer-encoding");
  if (coding !== "") {
    return /(?:^|,)\s*chunked\s*$/i.test(coding) ? { kind: "chunked" } : { kind: "close" };
  }
  const lengths = new Set(
    head.headers
      .filter(([name]) => name === "content-length")
      .flatMap(([, value]) => value.split(",").map((text) => text.trim())),
  );
  if (lengths.size === 0) return undefined;
  const [text = ""] = lengths;
  if (lengths.size > 1 || !/^\d{1,15}$/.test(text)) {
    throw new LostWay("the content-length is no number");
  }
  return { kind: "length", bytes: Number(text) };
}
