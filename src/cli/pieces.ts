import { Readable, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setImmediate } from "node:timers/promises";
import { systemCodeOf } from "../core/index.ts";
import type { CliIo } from "./command.ts";

/** Output as it is made. */
export type Pieces = Iterable<string> | AsyncIterable<string | Uint8Array>;

/** Lets an interrupt be heard between two pieces: making them takes the whole thread. */
export async function* oneByOne(
  pieces: Pieces,
  signal: AbortSignal,
): AsyncGenerator<string | Uint8Array> {
  for await (const piece of pieces) {
    yield piece;
    await setImmediate();
    signal.throwIfAborted();
  }
}

/** A reader that has seen enough (`| head`) ends it, and is no failure. */
export async function piecesToStdout(io: CliIo, pieces: Pieces): Promise<void> {
  const { signal, stdout } = io;
  if (!(stdout instanceof Writable)) {
    for await (const piece of oneByOne(pieces, signal)) stdout.write(piece.toString());
    return;
  }
  try {
    await pipeline(Readable.from(oneByOne(pieces, signal)), stdout, { end: false, signal });
  } catch (thrown) {
    signal.throwIfAborted();
    const gone = ["EPIPE", "ERR_STREAM_PREMATURE_CLOSE"].includes(systemCodeOf(thrown) ?? "");
    if (!gone) throw thrown;
  }
}
