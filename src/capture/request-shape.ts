import { copyBytes, ViewedBytes } from "./viewed-bytes.ts";

const SPACE = 32;
const HASH = 35;
const AMPERSAND = 38;
const DASH = 45;
const DOT = 46;
const SLASH = 47;
const EQUALS = 61;
const QUESTION = 63;
/** How a token begins: `eyJ`. */
const [TOKEN_E, TOKEN_Y, TOKEN_J] = [101, 121, 74];
/** What a card number, and an address, cannot do without. */
const CARD_DIGITS = 13;
const ADDRESS_DOTS = 3;

/** What a byte may be, as bits; others make a request line one without a shape. */
const DIGIT = 1;
const IN_PATH = 2;
const IN_QUERY = 4;
const KINDS = Uint8Array.from({ length: 256 }, (_, byte) => {
  const char = String.fromCodePoint(byte);
  const isWord = byte < 128 && /[\w.~-]/.test(char);
  return (
    (/\d/.test(char) ? DIGIT : 0) |
    (isWord ? IN_QUERY : 0) |
    (isWord || "/!$&()*+,=".includes(char) ? IN_PATH : 0)
  );
});

const LINE_BYTES_MAX = 4_096;
const METHOD = Buffer.from('"method":"');
const PATH = ViewedBytes.of('","path":"');
const QUOTE = ViewedBytes.of('"');

/** Which part of a target a byte is in. */
type Part = "path" | "name" | "value";

/**
 * What a request line of plain bytes has in common with others that differ in numbers and in their
 * queries' values: the line with `#` for each segment of digits, and without values. All lines of a
 * shape have one route, and where one is written as it is, all are: nothing in them is a secret by
 * its form, and the names in their queries are the same. See `isPlainPath`, which says more lines
 * to be plain than have a shape.
 */
export class RequestShape {
  readonly text = new ViewedBytes(Buffer.alloc(LINE_BYTES_MAX));
  /** Of `text`. */
  end = 0;
  /** `"method":…,"path":…` of the line that was written last. */
  readonly key = new ViewedBytes(
    Buffer.concat([METHOD], LINE_BYTES_MAX + METHOD.length + PATH.bytes.length + 1),
  );
  #methodTo = 0;
  #pathTo = 0;
  /** Of the segment that is read, in `text`. */
  #segmentFrom = 0;
  #isNumber = false;

  /** Takes the shape of a line of at most 4,096 bytes; false when it has none. */
  read({ bytes }: ViewedBytes, from: number, to: number): boolean {
    const shape = this.text.bytes;
    let at = from;
    for (; at < to && bytes[at] !== SPACE; at++) shape[at - from] = bytes[at]!;
    this.#methodTo = at;
    if (bytes[at + 1] !== SLASH || at + 1 >= to) return false;
    shape[at - from] = SPACE;
    this.#segmentFrom = this.end = at + 1 - from;
    this.#isNumber = false;
    at = this.#target(bytes, at + 1, to);
    if (at === -1) return false;
    this.#pathTo = at;
    for (; at < to; at++) shape[this.end++] = bytes[at]!;
    return true;
  }

  /** Where the target ends; −1 when it has no shape. */
  #target(bytes: Buffer, from: number, to: number): number {
    const shape = this.text.bytes;
    let part: Part = "path";
    let [digits, dots] = [0, 0];
    let at = from;
    for (; at < to && bytes[at] !== SPACE; at++) {
      const byte = bytes[at]!;
      const kind = KINDS[byte]!;
      if ((kind & DIGIT) !== 0) digits++;
      else if (byte === DOT) [digits, dots] = [0, dots + 1];
      else {
        dots = 0;
        if (byte !== DASH) digits = 0;
      }
      if (digits === CARD_DIGITS || dots === ADDRESS_DOTS) return -1;
      if (byte === TOKEN_J && bytes[at - 1] === TOKEN_Y && bytes[at - 2] === TOKEN_E) return -1;
      if (part === "path") {
        if (byte === QUESTION) part = "name";
        else if ((kind & IN_PATH) === 0) return -1;
        this.#inPath(byte, kind);
      } else if (byte === AMPERSAND || (part === "name" && byte === EQUALS)) {
        part = byte === EQUALS ? "value" : "name";
        shape[this.end++] = byte;
      } else if ((kind & IN_QUERY) === 0) return -1;
      else if (part === "name") shape[this.end++] = byte;
    }
    if (part === "path") this.#endSegment();
    return at;
  }

  #inPath(byte: number, kind: number): void {
    if (byte === SLASH || byte === QUESTION) this.#endSegment();
    this.text.bytes[this.end++] = byte;
    if (byte === SLASH) {
      this.#segmentFrom = this.end;
      this.#isNumber = true;
    } else if ((kind & DIGIT) === 0) this.#isNumber = false;
  }

  #endSegment(): void {
    if (!this.#isNumber || this.end === this.#segmentFrom) return;
    this.end = this.#segmentFrom;
    this.text.bytes[this.end++] = HASH;
  }

  /** Writes `key` of the line that was read, which begins there; returns where it ends. */
  writeKey(line: ViewedBytes, from: number): number {
    let end = copyBytes(line, from, this.#methodTo, this.key, METHOD.length);
    end = copyBytes(PATH, 0, PATH.bytes.length, this.key, end);
    end = copyBytes(line, this.#methodTo + 1, this.#pathTo, this.key, end);
    return copyBytes(QUOTE, 0, 1, this.key, end);
  }
}
