/** How a value is written where it stands. `form` is `percent` with `+` for a space. */
export type Escapes = "none" | "percent" | "form" | "json";

/** A stretch of a value as it is meant, and the raw text that spells it. */
interface Piece {
  readonly text: string;
  readonly raw: string;
  /** Whether it is one character, written in another way; else both texts are the same. */
  readonly escaped: boolean;
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

/** A run of `%XX`, character by character; what is no UTF-8 is one piece that means nothing. */
function percentPieces(run: string): Piece[] {
  const byte = Number.parseInt(run.slice(1, 3), 16);
  if (run.length === 3 && byte < 0x80) {
    return [{ text: String.fromCharCode(byte), raw: run, escaped: true }];
  }
  let text: string;
  try {
    text = utf8.decode(Buffer.from(run.replaceAll("%", ""), "hex"));
  } catch {
    return [{ text: "\ufffd", raw: run, escaped: true }];
  }
  let at = 0;
  return Array.from(text, (character) => {
    const raw = run.slice(at, at + Buffer.byteLength(character) * 3);
    at += raw.length;
    return { text: character, raw, escaped: true };
  });
}

function jsonPiece(raw: string): Piece {
  try {
    return { text: JSON.parse(`"${raw}"`) as string, raw, escaped: true };
  } catch {
    return { text: "\ufffd", raw, escaped: true };
  }
}

const plain = (raw: string): Piece => ({ text: raw, raw, escaped: false });

function piecesOf(raw: string, escapes: Escapes): Piece[] {
  if (escapes === "none") return [plain(raw)];
  if (escapes === "json") {
    const parts = raw.match(/\\u[0-9a-f]{4}|\\[^]|[^\\]+|\\/gi) ?? [];
    return parts.map((part) => (part.startsWith("\\") ? jsonPiece(part) : plain(part)));
  }
  return (raw.match(/(?:%[0-9a-f]{2})+|[^%+]+|[%+]/gi) ?? []).flatMap((part) => {
    if (part === "+" && escapes === "form") return { text: " ", raw: part, escaped: true };
    return part.length >= 3 && part.startsWith("%") ? percentPieces(part) : plain(part);
  });
}

/** A raw text as it is meant; what is no proper escape becomes U+FFFD. */
export function decodedText(raw: string, escapes: Escapes): string {
  return piecesOf(raw, escapes)
    .map(({ text }) => text)
    .join("");
}

/**
 * The raw text with another value of the same length in it, in which only ASCII letters and digits
 * differ: escapes stay where they were, so the raw length stays too.
 */
export function withDecoded(raw: string, escapes: Escapes, value: string): string {
  let [made, at] = ["", 0];
  for (const piece of piecesOf(raw, escapes)) {
    const now = value.slice(at, at + piece.text.length);
    at += piece.text.length;
    if (!piece.escaped || now === piece.text) {
      made += piece.escaped ? piece.raw : now;
      continue;
    }
    const hex = now.charCodeAt(0).toString(16).padStart(2, "0");
    made += piece.raw.startsWith("%") ? `%${hex}` : `\\u00${hex}`;
  }
  return made;
}
