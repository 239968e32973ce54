import { decodeCommand, type FleetCommand } from "./messages.ts";
import type { Redis } from "./redis.ts";
import { pause } from "./ticker.ts";

/** How long one look at a stream waits for something new. */
const WAIT_MS = 1_000;
const AT_ONCE = 256;
/** Before another look, when Redis refused one. */
const AGAIN_MS = 100;

type RawEntry = readonly [id: Buffer, fields: readonly Buffer[]];

/** An entry of a stream, by the names of its fields. */
export interface StreamEntry {
  readonly id: string;
  readonly fields: Readonly<Record<string, Buffer>>;
}

function entryOf([id, fields]: RawEntry): StreamEntry {
  const named: Record<string, Buffer> = {};
  for (let at = 0; at + 1 < fields.length; at += 2) named[fields[at]!.toString()] = fields[at + 1]!;
  return { id: id.toString(), fields: named };
}

/**
 * Reads a stream from its beginning, or from what came after an entry, until the signal is aborted,
 * some entries at a time, over a connection of its own, which waits. A connection that is lost is made
 * again; entries that were lost with the Redis that held them do not come.
 */
export async function followStream(
  redis: Redis,
  key: string,
  hear: (entries: readonly StreamEntry[]) => Promise<void> | void,
  signal: AbortSignal,
  after = "0-0",
): Promise<void> {
  const waiting = redis.duplicate();
  waiting.on("error", () => {});
  // What waits for a connection that is to be made again is not told that it never will be.
  let endLook = (_entries: readonly StreamEntry[]): void => {};
  const end = (): void => {
    waiting.disconnect();
    endLook([]);
  };
  signal.addEventListener("abort", end, { once: true });
  let last = after;
  while (!signal.aborted) {
    const looking = new Promise<readonly StreamEntry[]>((resolve, reject) => {
      endLook = resolve;
      lookAt(waiting, key, last, signal).then(resolve, reject);
    });
    // oxlint-disable-next-line no-await-in-loop -- one look after another
    const entries = await looking;
    if (entries.length === 0) continue;
    last = entries.at(-1)!.id;
    // oxlint-disable-next-line no-await-in-loop -- as above
    await hear(entries);
  }
}

/** What came after `last`, once something has; nothing where Redis did not answer, and may later. */
async function lookAt(
  waiting: Redis,
  key: string,
  last: string,
  signal: AbortSignal,
): Promise<readonly StreamEntry[]> {
  try {
    const told = (await waiting.xreadBuffer(
      "COUNT",
      AT_ONCE,
      "BLOCK",
      WAIT_MS,
      "STREAMS",
      key,
      last,
    )) as readonly (readonly [Buffer, readonly RawEntry[]])[] | null;
    return (told?.[0]?.[1] ?? []).map(entryOf);
  } catch (thrown) {
    if (!signal.aborted && waiting.status === "end") throw thrown;
    await pause(AGAIN_MS);
    return [];
  }
}

/** What whoever leads tells, in order; what cannot be read is left out. */
export function followOrders(
  redis: Redis,
  key: string,
  hear: (command: FleetCommand) => void,
  signal: AbortSignal,
): Promise<void> {
  const each = (entries: readonly StreamEntry[]): void => {
    for (const { fields } of entries) {
      const command = readCommand(fields["words"]);
      if (command !== null) hear(command);
    }
  };
  return followStream(redis, key, each, signal);
}

function readCommand(words: Buffer | undefined): FleetCommand | null {
  try {
    return decodeCommand(words?.toString() ?? "");
  } catch {
    return null;
  }
}
