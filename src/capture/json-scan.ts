/** The keys of a JSON text's outermost object, or of the first object in its outermost array(s). */
export interface JsonShape {
  readonly kind: "object" | "array";
  readonly keys: readonly string[];
}

const [QUOTE, BACKSLASH, OPEN_OBJECT, CLOSE_OBJECT, OPEN_ARRAY, CLOSE_ARRAY, COMMA, COLON] =
  Buffer.from('"\\{}[],:');
const KEY_MAX_BYTES = 256;

/** Follows JSON byte by byte, as deep as nesting and keys; it does not check the grammar. */
class JsonCursor {
  /** One key per open container: the key it stands under, or "" in an array and outermost. */
  readonly path: string[] = [];
  readonly #arrays: boolean[] = [];
  #inString = false;
  #escaped = false;
  #text: number[] = [];
  #key = "";

  get inString(): boolean {
    return this.#inString;
  }

  get depth(): number {
    return this.#arrays.length;
  }

  /** Whether the innermost open container is an array. */
  get inArray(): boolean {
    return this.#arrays.at(-1) === true;
  }

  /** Takes one byte, and says what it did to the nesting, or that a key ended. */
  take(byte: number): "open" | "close" | "key" | undefined {
    if (this.#inString) {
      this.#string(byte);
      return undefined;
    }
    switch (byte) {
      case QUOTE:
        this.#inString = true;
        this.#text = [];
        return undefined;
      case COLON:
        this.#key = Buffer.from(this.#text).toString("utf8");
        return "key";
      case COMMA:
        this.#key = "";
        return undefined;
      case OPEN_OBJECT:
      case OPEN_ARRAY:
        this.path.push(this.#key);
        this.#arrays.push(byte === OPEN_ARRAY);
        this.#key = "";
        return "open";
      case CLOSE_OBJECT:
      case CLOSE_ARRAY:
        this.path.pop();
        this.#arrays.pop();
        this.#key = "";
        return "close";
      default:
        return undefined;
    }
  }

  get key(): string {
    return this.#key;
  }

  #string(byte: number): void {
    if (this.#escaped) this.#escaped = false;
    else if (byte === BACKSLASH) this.#escaped = true;
    else if (byte === QUOTE) this.#inString = false;
    if (this.#inString && this.#text.length < KEY_MAX_BYTES) this.#text.push(byte);
  }
}

const isBlank = (byte: number): boolean =>
  byte === 32 || (byte >= 9 && byte <= 13) || byte === 0xef || byte === 0xbb || byte === 0xbf;

/** The shape of a JSON text from its first bytes, or undefined when it does not begin as JSON does. */
export function jsonShape(head: Buffer): JsonShape | undefined {
  const first = head.find((byte) => !isBlank(byte));
  if (first !== OPEN_OBJECT && first !== OPEN_ARRAY) return undefined;
  const cursor = new JsonCursor();
  const keys: string[] = [];
  let objectDepth: number | undefined;
  for (const byte of head) {
    const did = cursor.take(byte);
    if (did === "open" && !cursor.inArray) objectDepth ??= cursor.depth;
    if (did === "key" && cursor.depth === objectDepth) keys.push(cursor.key);
    if (did === "close" && cursor.depth < (objectDepth ?? 0)) break;
  }
  return { kind: first === OPEN_ARRAY ? "array" : "object", keys };
}

/** One element of an array in a JSON stream. */
export interface JsonElement {
  /** An object's JSON text; empty when `oversize`, and for what is no object. */
  readonly bytes: Buffer;
  readonly line: number;
  readonly kind: "object" | "oversize" | "not-object" | "cut";
}

/** Tells the elements of the wanted array from everything around them. */
class ElementFinder {
  readonly cursor = new JsonCursor();
  readonly #under: readonly string[];
  readonly #anywhere: boolean;
  /** True from a non-object's first byte to the comma after it. */
  #inOther = false;

  constructor(keys: readonly string[]) {
    this.#under = ["", ...keys];
    this.#anywhere = keys.length === 0;
  }

  /** Takes one byte outside of an object element; says whether an element begins with it. */
  take(byte: number): "object" | "not-object" | undefined {
    const { cursor } = this;
    const inList = !cursor.inString && this.#isList();
    const did = cursor.take(byte);
    if (this.#anywhere) {
      const begins = did === "open" && !cursor.inArray && cursor.path.every((key) => key === "");
      return begins ? "object" : undefined;
    }
    if (!inList || isBlank(byte) || byte === CLOSE_ARRAY) return undefined;
    if (byte === COMMA) {
      this.#inOther = false;
      return undefined;
    }
    if (this.#inOther) return undefined;
    if (byte === OPEN_OBJECT) return "object";
    this.#inOther = true;
    return "not-object";
  }

  /** Whether the cursor stands directly in the wanted array. */
  #isList(): boolean {
    const { path, inArray } = this.cursor;
    return (
      inArray &&
      path.length === this.#under.length &&
      path.every((key, i) => key === this.#under[i])
    );
  }
}

/**
 * The elements of the array under these keys (`["log", "entries"]`), one after another, without
 * holding the whole text; with no keys, the outermost object itself, or those in the outermost
 * array. Ends with `true` when the text was whole: every bracket closed.
 */
export async function* jsonElements(
  chunks: AsyncIterable<Buffer>,
  keys: readonly string[],
  maxBytes: number,
): AsyncGenerator<JsonElement, boolean> {
  const finder = new ElementFinder(keys);
  const { cursor } = finder;
  let [line, startLine, startDepth] = [1, 1, -1];
  let [parts, partBytes]: [Buffer[], number] = [[], 0];
  const element = (kind: "object" | "cut"): JsonElement => {
    const oversize = partBytes > maxBytes;
    const bytes = Buffer.concat(oversize ? [] : parts);
    return { bytes, line: startLine, kind: oversize ? "oversize" : kind };
  };
  for await (const chunk of chunks) {
    let from = 0;
    for (let i = 0; i < chunk.length; i++) {
      const byte = chunk[i]!;
      if (byte === 10) line++;
      if (startDepth === -1) {
        const begins = finder.take(byte);
        if (begins === "object") [startDepth, startLine, from] = [cursor.depth, line, i];
        if (begins === "not-object") yield { bytes: Buffer.alloc(0), line, kind: begins };
      } else if (cursor.take(byte) === "close" && cursor.depth < startDepth) {
        parts.push(chunk.subarray(from, i + 1));
        partBytes += i + 1 - from;
        yield element("object");
        [parts, partBytes, startDepth] = [[], 0, -1];
      }
    }
    if (startDepth === -1) continue;
    partBytes += chunk.length - from;
    if (partBytes > maxBytes) parts = [];
    else parts.push(chunk.subarray(from));
  }
  if (startDepth !== -1) yield element("cut");
  return cursor.depth === 0;
}
