import { once } from "node:events";
import { createWriteStream, type WriteStream } from "node:fs";
import { messageOf, ShakedownError } from "../../core/index.ts";
import { responseLine, type ResponsePair, RESPONSES_END } from "../../measure/index.ts";

/** Lines that are written at once. */
const BATCH = 256;

/** Writes down pairs of responses as they are compared; `close` ends the file. */
export class ResponseLogWriter {
  readonly #path: string;
  readonly #stream: WriteStream;
  readonly #onFailure: (error: ShakedownError) => void;
  #lines: string[] = [];
  #failed = false;

  /** `onFailure` is told once, when the file cannot be written; nothing more is written then. */
  constructor(path: string, onFailure: (error: ShakedownError) => void) {
    this.#path = path;
    this.#onFailure = onFailure;
    this.#stream = createWriteStream(path);
    this.#stream.on("error", (cause) => this.#fail(cause));
  }

  write(pair: ResponsePair): void {
    this.#lines.push(responseLine(pair));
    if (this.#lines.length >= BATCH) this.flush();
  }

  flush(): void {
    if (this.#lines.length === 0 || this.#failed) return;
    this.#stream.write(this.#lines.join(""));
    this.#lines = [];
  }

  async close(): Promise<void> {
    this.flush();
    if (this.#failed) return;
    const closed = once(this.#stream, "close");
    this.#stream.end(RESPONSES_END);
    await closed.catch(() => {});
  }

  #fail(cause: unknown): void {
    if (this.#failed) return;
    this.#failed = true;
    const message = `cannot write ${this.#path}: ${messageOf(cause)}`;
    this.#onFailure(new ShakedownError("DISK_WRITE_FAILED", message, { cause }));
  }
}
