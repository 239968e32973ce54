import { type Framing, LostWay, type HeadText } from "./message.ts";

/** Lines of one head, or of one trailer section, may have so many bytes together. */
const LINES_BYTES_MAX = 256 * 1024;
const CR = 13;
const LF = 10;
const HEAD_END = Buffer.from("\r\n\r\n");
/** An empty line, however its neighbours end. */
const EMPTY_LINE = /\n\r?\n/;
const LONE_LF = /(?<!\r)\n/;

/** What a reader tells of the messages that stream by. */
export interface MessageListener {
  /** The first byte of a message has come. */
  onStart(): void;
  /** The head is complete; the answer says where its body ends. */
  onHead(head: HeadText): Framing;
  /** Bytes of the body, undone from their chunks; valid only during the call. */
  onBody(bytes: Buffer): void;
  onEnd(): void;
}

type State = "head" | "body" | "chunk-size" | "chunk" | "chunk-end" | "trailer" | "close";

/**
 * Tells one direction of an HTTP/1 connection apart into messages, from chunks cut anywhere. Keeps
 * at most one head; a body is passed on as it comes.
 */
export class MessageReader {
  readonly #listener: MessageListener;
  #state: State = "head";
  #lines: string[] = [];
  #partial: Buffer[] = [];
  #linesBytes = 0;
  #leftBytes = 0;
  #started = false;

  constructor(listener: MessageListener) {
    this.#listener = listener;
  }

  /** Bytes of a head that is not complete yet. */
  get heldBytes(): number {
    return this.#linesBytes;
  }

  /** A message has begun and not ended. */
  get amid(): boolean {
    return this.#started;
  }

  /** @throws LostWay when the bytes are no HTTP/1 */
  feed(chunk: Buffer): void {
    for (let at = 0; at < chunk.length;) at = this.#step(chunk, at);
  }

  /** The direction has ended: a body without a length is then complete. */
  end(): void {
    if (this.#state === "close") this.#endMessage();
  }

  #step(chunk: Buffer, at: number): number {
    if (this.#state === "body" || this.#state === "chunk") return this.#bodyPart(chunk, at);
    if (this.#state !== "close") return this.#linePart(chunk, at);
    this.#listener.onBody(chunk.subarray(at));
    return chunk.length;
  }

  #bodyPart(chunk: Buffer, at: number): number {
    const to = Math.min(chunk.length, at + this.#leftBytes);
    this.#leftBytes -= to - at;
    this.#listener.onBody(chunk.subarray(at, to));
    if (this.#leftBytes === 0) {
      if (this.#state === "body") this.#endMessage();
      else this.#state = "chunk-end";
    }
    return to;
  }

  #linePart(chunk: Buffer, at: number): number {
    // Between messages, line breaks too many are passed over.
    if (!this.#started && (chunk[at] === CR || chunk[at] === LF)) return at + 1;
    if (!this.#started) {
      this.#started = true;
      this.#listener.onStart();
      const to = this.#wholeHead(chunk, at);
      if (to > at) return to;
    }
    const lineEnd = chunk.indexOf(LF, at);
    const to = lineEnd === -1 ? chunk.length : lineEnd + 1;
    this.#linesBytes += to - at;
    if (this.#linesBytes > LINES_BYTES_MAX) throw new LostWay("a head is over 256 kB");
    if (lineEnd === -1) {
      // A copy: the chunk's memory is the socket's, and may be much larger than what is kept.
      this.#partial.push(Buffer.from(chunk.subarray(at)));
      return to;
    }
    const whole = Buffer.concat([...this.#partial, chunk.subarray(at, lineEnd)]);
    this.#partial = [];
    this.#line(whole.toString("latin1").replace(/\r$/, ""));
    return to;
  }

  /** A head that one chunk has whole, which most are, at once: where it ends, or `at`. */
  #wholeHead(chunk: Buffer, at: number): number {
    const end = chunk.indexOf(HEAD_END, at);
    if (end === -1 || end - at > LINES_BYTES_MAX - HEAD_END.length) return at;
    const head = chunk.toString("latin1", at, end);
    // Where lines end by LF alone, it has ended before.
    if (EMPTY_LINE.test(head)) return at;
    this.#endHead(LONE_LF.test(head) ? head.replaceAll(/\r?\n/g, "\r\n") : head);
    return end + HEAD_END.length;
  }

  #line(line: string): void {
    if (this.#state === "chunk-size") this.#chunkSize(line);
    else if (this.#state === "chunk-end") {
      if (line !== "") throw new LostWay("a chunk is longer than its size");
      this.#state = "chunk-size";
    } else if (line !== "") {
      // The lines of a trailer section say nothing that is kept.
      if (this.#state === "head") this.#lines.push(line);
    } else if (this.#state === "head") this.#endHead(this.#lines.join("\r\n"));
    else this.#endMessage();
  }

  #chunkSize(line: string): void {
    this.#linesBytes = 0;
    const text = (line.split(";", 1)[0] ?? "").trim();
    if (!/^[0-9a-f]{1,12}$/i.test(text)) throw new LostWay("the size of a chunk is no number");
    this.#leftBytes = Number.parseInt(text, 16);
    this.#state = this.#leftBytes === 0 ? "trailer" : "chunk";
  }

  #endHead(head: HeadText): void {
    this.#lines = [];
    this.#linesBytes = 0;
    const framing = this.#listener.onHead(head);
    if (framing.kind === "chunked") this.#state = "chunk-size";
    else if (framing.kind === "close") this.#state = "close";
    else if (framing.kind === "length" && framing.bytes > 0) {
      this.#leftBytes = framing.bytes;
      this.#state = "body";
    } else this.#endMessage();
  }

  #endMessage(): void {
    this.#state = "head";
    this.#started = false;
    this.#linesBytes = 0;
    this.#listener.onEnd();
  }
}
