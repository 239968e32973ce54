import { rm } from "node:fs/promises";
import { messageOf, ShakedownError } from "../core/index.ts";
import {
  type ArmMeta,
  CallWriter,
  ConnectionWriter,
  type EmulatedCall,
  ExchangeWriter,
  type TcpConnection,
  type TcpExchange,
} from "../measure/index.ts";
import type { EmulatorCounters } from "./counters.ts";

/** How often rows go to the disk: what a killed process loses at most. */
const FLUSH_MS = 1_000;

export interface RecorderOptions {
  /** Null: nothing is kept. */
  readonly path: string | null;
  /** Where connections to TCP dependencies are kept; null: there are none, or they are not. */
  readonly connectionsPath: string | null;
  /** Where what is exchanged with them is kept; null as above. */
  readonly exchangesPath: string | null;
  readonly meta: ArmMeta;
  readonly counters: EmulatorCounters;
  readonly onFailure: (failure: ShakedownError) => void;
}

/** Writes calls, and connections, to spools, a block at least every second, and knows how many are safe there. */
export class Recorder {
  readonly #options: RecorderOptions;
  readonly #writer: CallWriter | null;
  readonly #connections: ConnectionWriter | null;
  readonly #exchanges: ExchangeWriter | null;
  readonly #flushing: NodeJS.Timeout;

  private constructor(
    options: RecorderOptions,
    writer: CallWriter | null,
    connections: ConnectionWriter | null,
    exchanges: ExchangeWriter | null,
  ) {
    this.#options = options;
    this.#writer = writer;
    this.#connections = connections;
    this.#exchanges = exchanges;
    if (writer !== null) writer.spool.onFailure = options.onFailure;
    if (connections !== null) connections.spool.onFailure = options.onFailure;
    if (exchanges !== null) exchanges.spool.onFailure = options.onFailure;
    this.#flushing = setInterval(() => void this.#flush(), FLUSH_MS).unref();
  }

  /** @throws OUTPUT_UNWRITABLE */
  static async create(options: RecorderOptions): Promise<Recorder> {
    const { connectionsPath, exchangesPath, meta, path } = options;
    const writer = path === null ? null : await CallWriter.create(path, meta);
    const connections =
      connectionsPath === null ? null : await ConnectionWriter.create(connectionsPath, meta);
    const exchanges =
      exchangesPath === null ? null : await ExchangeWriter.create(exchangesPath, meta);
    return new Recorder(options, writer, connections, exchanges);
  }

  writeExchange(exchange: TcpExchange): void {
    this.#exchanges?.write(exchange);
  }

  writeConnection(connection: TcpConnection): void {
    this.#connections?.write(connection);
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
    // Its failure has been told by `onFailure`.
    await this.#connections?.spool.close().catch(() => {});
    await this.#exchanges?.spool.close().catch(() => {});
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
    const { connectionsPath, exchangesPath, path: callsPath } = this.#options;
    for (const path of [callsPath, connectionsPath, exchangesPath]) {
      if (path !== null) await rm(path, { force: true });
    }
  }

  async #flush(): Promise<void> {
    const { counters } = this.#options;
    const rows = counters.total("rows");
    await this.#connections?.spool.flush();
    await this.#exchanges?.spool.flush();
    await this.#writer?.spool.flush();
    if (this.#writer?.spool.failure === undefined) counters.setTotal("rowsKept", rows);
  }
}
