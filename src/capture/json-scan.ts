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

/** One object found in a JSON stream. */
export interface JsonElement {
  /** Its JSON text; empty when `oversize`. */
  readonly bytes: Buffer;
  readonly line: number;
  readonly oversize: boolean;
  /** True when the stream ended inside it. */
  readonly cut: boolean;
}

/**
 * The objects in the array under these keys (`["log", "entries"]`), one after another, without
 * holding the whole text; with no keys, the outermost object itself, or those in the outermost
 * array. Ends with `true` when the text was whole: every bracket closed.
 */
export async function* jsonElements(
  chunks: AsyncIterable<Buffer>,
  keys: readonly string[],
  maxBytes: number,
): AsyncGenerator<JsonElement, boolean> {
  const cursor = new JsonCursor();
  const under = ["", ...keys];
  let [line, startLine, startDepth] = [1, 1, -1];
  let [parts, partBytes]: [Buffer[], number] = [[], 0];
  const element = (cut: boolean): JsonElement => {
    const oversize = partBytes > maxBytes;
    return { bytes: Buffer.concat(oversize ? [] : parts), line: startLine, oversize, cut };
  };
  const startsHere = (): boolean => {
    if (cursor.inArray) return false;
    if (keys.length === 0) return cursor.path.every((key) => key === "");
    const at = cursor.path.slice(0, -1);
    return (
      cursor.path.at(-1) === "" && at.length === under.length && at.every((k, i) => k === under[i])
    );
  };
  for await (const chunk of chunks) {
    let from = 0;
    for (let i = 0; i < chunk.length; i++) {
      const byte = chunk[i]!;
      if (byte === 10) line++;
      const did = cursor.take(byte);
      if (did === "open" && startDepth === -1 && startsHere()) {
        [startDepth, startLine, from] = [cursor.depth, line, i];
      } else if (did === "close" && cursor.depth < startDepth) {
        parts.push(chunk.subarray(from, i + 1));
        partBytes += i + 1 - from;
        yield element(false);
        [parts, partBytes, startDepth] = [[], 0, -1];
      }
    }
    if (startDepth === -1) continue;
    partBytes += chunk.length - from;
    if (partBytes > maxBytes) parts = [];
    else parts.push(chunk.subarray(from));
  }
  if (startDepth !== -1) yield element(true);
  return cursor.depth === 0;
}
