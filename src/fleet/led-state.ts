import { readFileSync, rmSync } from "node:fs";
import { z } from "zod";
import { messageOf, plainError, revivedError, ShakedownError } from "../core/index.ts";
import type { RunDirectory } from "../run/index.ts";
import type { ClockWatch } from "./clock-watch.ts";
import type { Hearing } from "./hearing.ts";
import { cardSchema, totalsSchema, WIRE_VERSION } from "./messages.ts";
import type { ShardState } from "./shard-book.ts";
import type { ShardCare } from "./shard-care.ts";
import { errorSchema } from "./wire-fields.ts";

const FILE = "fleet.json";

const count = z.number().int().min(0);

const shard = z.strictObject({
  attempts: z.array(
    z.strictObject({ attempt: count, worker: z.string(), next: count, heardAtMs: z.number() }),
  ),
  fence: count,
  ready: z.boolean(),
  done: totalsSchema.extend({ error: errorSchema.nullable() }).nullable(),
  lost: z.boolean(),
});

const state = z.strictObject({
  wireVersion: z.literal(WIRE_VERSION, "it is of another version"),
  /** Without a password. */
  redis: z.string(),
  runId: z.string().regex(/^[0-9a-f]{4,32}$/),
  cards: z.array(cardSchema),
  /** In µs of Redis' clock; null until traffic is to begin. */
  originUs: z.number().nullable(),
  /** When it was last led, in ns of the run's time. */
  ledUntilNs: z.number(),
  /** The last entry of the stream up that is in the run's files. */
  lastId: z.string(),
  /** How many orders have been given. */
  orders: count,
  gaps: z.array(
    z.strictObject({
      shard: count,
      worker: z.string(),
      because: z.string(),
      fromNs: z.number(),
      toNs: z.number().nullable(),
      takenOverBy: z.string().nullable(),
    }),
  ),
  clocks: z.array(
    z.strictObject({ worker: z.string(), clockErrorUs: z.number(), movedUs: z.number() }),
  ),
  shards: z.array(shard),
});

/**
 * What whoever leads a run has heard and ordered, beside what is in the run's other files. It is
 * written before workers are told what was heard, so that what it lacks is still told again.
 */
export interface LedState extends Omit<z.output<typeof state>, "shards" | "wireVersion"> {
  readonly shards: readonly ShardState[];
}

/** What of it whoever leads has at any moment. */
export const heardState = (
  hearing: Pick<Hearing, "lastId">,
  { book, gaps }: Pick<ShardCare, "book" | "gaps">,
  clocks: Pick<ClockWatch, "all">,
): Pick<LedState, "clocks" | "gaps" | "lastId" | "shards"> => ({
  lastId: hearing.lastId,
  gaps: [...gaps],
  clocks: [...clocks.all],
  shards: book.state,
});

/** Written whole, or not at all. @throws DISK_WRITE_FAILED */
export function writeLedState(directory: RunDirectory, { shards, ...rest }: LedState): void {
  const told = shards.map(({ done, ...each }) => ({
    ...each,
    done: done === null ? null : { ...done, error: errorOf(done.error) },
  }));
  directory.write(FILE, JSON.stringify({ wireVersion: WIRE_VERSION, ...rest, shards: told }));
}

const errorOf = (error: ShakedownError | null) =>
  error === null ? null : plainError(error, "INTERNAL");

/** A run that is over needs nobody to go on from it. */
export const forgetLedState = (directory: RunDirectory): void =>
  rmSync(directory.file(FILE), { force: true });

/** @throws RUN_INVALID when it is not there, or of another version */
export function readLedState(directory: RunDirectory): LedState {
  const path = directory.file(FILE);
  try {
    const {
      shards,
      wireVersion: _version,
      ...rest
    } = state.parse(JSON.parse(readFileSync(path, "utf8")));
    const revived = shards.map(({ done, ...each }) => ({
      ...each,
      done:
        done === null
          ? null
          : { ...done, error: done.error === null ? null : revivedError(done.error) },
    }));
    return { ...rest, shards: revived };
  } catch (cause) {
    const why = cause instanceof z.ZodError ? z.prettifyError(cause) : messageOf(cause);
    throw new ShakedownError("RUN_INVALID", `cannot go on from ${path}: ${why}`, {
      hint: "`shakedown report` judges what is there, as a run that was ended",
      cause,
    });
  }
}
