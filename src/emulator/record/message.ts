import { type HeaderPairs, parseHeaderLines } from "../../core/index.ts";

/** The bytes can no longer be told apart into messages; the message is one of a few fixed sentences. */
export class LostWay extends Error {}

/** The first lines of an HTTP/1 message. Text is Latin-1: one character a byte. */
export interface MessageHead {
  readonly firstLine: string;
  /** Names in lower case. */
  readonly headers: HeaderPairs;
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
  const headers = parseHeaderLines(lines)?.map(
    ([name, value]) => [name.toLowerCase(), value] as const,
  );
  if (headers === undefined) throw new LostWay("a header line has no name");
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
