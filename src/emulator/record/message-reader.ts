import { CHUNKED, type Framing, lineEnd, LostWay, TO_CLOSE } from "./message.ts";

/** Lines of one head, or of one trailer section, may have so many bytes together. */
const LINES_BYTES_MAX = 256 * 1024;
const CR = 13;
const LF = 10;
const NOTHING = Buffer.alloc(0);

/** What a reader tells of the messages that stream by. Bytes are valid only during a call. */
export interface MessageListener {
  /** The first byte of a message has come. */
  onStart(): void;
  /** The head is complete, from here to there, its empty line with it; where does its body end? */
  onHead(bytes: Buffer, from: number, to: number): Framing;
  /** Bytes of the body, undone from their chunks. */
  onBody(bytes: Buffer, from: number, to: number): void;
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
  /** Of a head, or a line, that is not complete: what has come, with room for more. */
  #held = NOTHING;
  #heldBytes = 0;
  /** In the head: where the line begins that is being looked for its end, and from where. */
  #lineAt = 0;
  #searchAt = 0;
  /** Of a trailer section, or of the line that tells a chunk's size. */
  #linesBytes = 0;
  #leftBytes = 0;
  #started = false;

  constructor(listener: MessageListener) {
    this.#listener = listener;
  }

  /** Bytes of a head that is not complete yet. */
  get heldBytes(): number {
    return this.#heldBytes;
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
    if (this.#state === "head") return this.#headPart(chunk, at);
    if (this.#state === "body" || this.#state === "chunk") return this.#bodyPart(chunk, at);
    if (this.#state !== "close") return this.#linePart(chunk, at);
    this.#listener.onBody(chunk, at, chunk.length);
    return chunk.length;
  }

  #bodyPart(chunk: Buffer, at: number): number {
    const to = Math.min(chunk.length, at + this.#leftBytes);
    this.#leftBytes -= to - at;
    this.#listener.onBody(chunk, at, to);
    if (this.#leftBytes === 0) {
      if (this.#state === "body") this.#endMessage();
      else this.#state = "chunk-end";
    }
    return to;
  }

  #headPart(chunk: Buffer, at: number): number {
    if (!this.#started) {
      // Between messages, line breaks too many are passed over.
      if (chunk[at] === CR || chunk[at] === LF) return at + 1;
      this.#started = true;
      this.#listener.onStart();
    }
    if (this.#heldBytes > 0) return this.#heldHeadPart(chunk, at);
    // A head that one chunk has whole, which most are, is looked at where it is.
    this.#lineAt = at;
    this.#searchAt = at;
    const end = this.#headEnd(chunk, chunk.length);
    if (end !== -1) {
      if (end - at > LINES_BYTES_MAX) throw tooLong();
      this.#endHead(chunk, at, end);
      return end;
    }
    this.#lineAt -= at;
    this.#searchAt -= at;
    this.#hold(chunk, at);
    return chunk.length;
  }

  #heldHeadPart(chunk: Buffer, at: number): number {
    const before = this.#heldBytes;
    this.#hold(chunk, at);
    const end = this.#headEnd(this.#held, this.#heldBytes);
    if ((end === -1 ? this.#heldBytes : end) > LINES_BYTES_MAX) throw tooLong();
    if (end === -1) return chunk.length;
    const held = this.#held;
    this.#letGo();
    this.#endHead(held, 0, end);
    return at + end - before;
  }

  /** Where the head ends, after an empty line, however its lines end; -1 when it goes on. */
  #headEnd(bytes: Buffer, to: number): number {
    let lineAt = this.#lineAt;
    for (let at = this.#searchAt; at < to;) {
      const end = lineEnd(bytes, at, to);
      if (bytes[end - 1] !== LF) break;
      if (end === lineAt + 1 || (end === lineAt + 2 && bytes[lineAt] === CR)) return end;
      lineAt = end;
      at = end;
    }
    this.#lineAt = lineAt;
    this.#searchAt = to;
    return -1;
  }

  /** A copy: the chunk's memory is the socket's, and may be much larger than what is kept. */
  #hold(chunk: Buffer, at: number): void {
    const bytes = this.#heldBytes + chunk.length - at;
    if (bytes > this.#held.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(bytes, 2 * this.#held.length));
      this.#held.copy(grown, 0, 0, this.#heldBytes);
      this.#held = grown;
    }
    chunk.copy(this.#held, this.#heldBytes, at);
    this.#heldBytes = bytes;
  }

  #letGo(): void {
    this.#held = NOTHING;
    this.#heldBytes = 0;
  }

  #linePart(chunk: Buffer, at: number): number {
    const to = lineEnd(chunk, at, chunk.length);
    const whole = chunk[to - 1] === LF;
    this.#linesBytes += to - at;
    if (this.#linesBytes > LINES_BYTES_MAX) throw tooLong();
    if (!whole || this.#heldBytes > 0) this.#hold(chunk.subarray(0, to), at);
    if (!whole) return to;
    const line =
      this.#heldBytes > 0
        ? this.#held.toString("latin1", 0, this.#heldBytes - 1)
        : chunk.toString("latin1", at, to - 1);
    this.#letGo();
    this.#line(line.replace(/\r$/, ""));
    return to;
  }

  #line(line: string): void {
    if (this.#state === "chunk-size") this.#chunkSize(line);
    else if (this.#state === "chunk-end") {
      if (line !== "") throw new LostWay("a chunk is longer than its size");
      this.#state = "chunk-size";
      // The lines of a trailer section say nothing that is kept.
    } else if (line === "") this.#endMessage();
  }

  #chunkSize(line: string): void {
    this.#linesBytes = 0;
    const text = (line.split(";", 1)[0] ?? "").trim();
    if (!/^[0-9a-f]{1,12}$/i.test(text)) throw new LostWay("the size of a chunk is no number");
    this.#leftBytes = Number.parseInt(text, 16);
    this.#state = this.#leftBytes === 0 ? "trailer" : "chunk";
  }

  #endHead(bytes: Buffer, from: number, to: number): void {
    const framing = this.#listener.onHead(bytes, from, to);
    if (framing === CHUNKED) this.#state = "chunk-size";
    else if (framing === TO_CLOSE) this.#state = "close";
    else if (framing > 0) {
      this.#leftBytes = framing;
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

const tooLong = (): LostWay => new LostWay("a head is over 256 kB");
