import { rm } from "node:fs/promises";
import { messageOf, ShakedownError } from "../core/index.ts";
import { type CallMeta, CallWriter, type EmulatedCall } from "../measure/index.ts";
import type { EmulatorCounters } from "./counters.ts";

/** How often rows go to the disk: what a killed process loses at most. */
const FLUSH_MS = 1_000;

export interface RecorderOptions {
  /** Null: nothing is kept. */
  readonly path: string | null;
  readonly meta: CallMeta;
  readonly counters: EmulatorCounters;
  readonly onFailure: (failure: ShakedownError) => void;
}

/** Writes calls to the spool, a block at least every second, and knows how many are safe there. */
export class Recorder {
  readonly #options: RecorderOptions;
  readonly #writer: CallWriter | null;
  readonly #flushing: NodeJS.Timeout;

  private constructor(options: RecorderOptions, writer: CallWriter | null) {
    this.#options = options;
    this.#writer = writer;
    if (writer !== null) writer.spool.onFailure = options.onFailure;
    this.#flushing = setInterval(() => void this.#flush(), FLUSH_MS).unref();
  }

  /** @throws OUTPUT_UNWRITABLE */
  static async create(options: RecorderOptions): Promise<Recorder> {
    const { path, meta } = options;
    return new Recorder(options, path === null ? null : await CallWriter.create(path, meta));
  }

  write(call: EmulatedCall): void {
    if (this.#writer === null) return;
    this.#options.counters.addTotal("rows");
    this.#writer.write(call);
  }

  /** Writes what is left. Resolves to the count of rows that could not be kept. */
  async close(): Promise<number> {
    clearInterval(this.#flushing);
    const { counters } = this.#options;
    const writer = this.#writer;
    if (writer === null) return 0;
    try {
      await writer.spool.close();
      counters.setTotal("rowsKept", counters.total("rows"));
    } catch (cause) {
      const failure =
        cause instanceof ShakedownError
          ? cause
          : new ShakedownError("DISK_WRITE_FAILED", messageOf(cause), { cause });
      this.#options.onFailure(failure);
    }
    return writer.spool.lostRows;
  }

  /** For a start that came to nothing: leaves no file behind. */
  async discard(): Promise<void> {
    await this.close();
    if (this.#options.path !== null) await rm(this.#options.path, { force: true });
  }

  async #flush(): Promise<void> {
    const { counters } = this.#options;
    const rows = counters.total("rows");
    await this.#writer?.spool.flush();
    if (this.#writer?.spool.failure === undefined) counters.setTotal("rowsKept", rows);
  }
}
