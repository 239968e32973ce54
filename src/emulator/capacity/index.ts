/** A dependency's capacity: so many servers, a queue before them, and what happens when it is full. */
import { z } from "zod";
import { fittedSchema } from "../fitted.ts";

export { Capacity, type CapacityTicket, type Work } from "./capacity.ts";

/** Beyond this, waiting calls would be the emulator's memory rather than a model of anything. */
export const QUEUE_MAX = 1_000_000;

/**
 * `{ servers: 32, queue: 64, discipline: fifo, whenFull: 503, abandoned: keep }`: at most `servers`
 * calls are worked on at once, at most `queue` wait (a million unless given); of those that wait,
 * the next is the `fifo` first, the `lifo` last or a `random` one. With `processor-sharing` nobody
 * waits: all that are in share the servers evenly, and `queue` is how many more than `servers` may
 * be in. A call that finds no place is answered with 503 or 429, its connection is `reset`, or it
 * `hang`s. What a caller leaves behind that gives up is worked on all the same (`keep`, as most
 * servers do), or is dropped (`drop`).
 */
export const capacitySchema = z.strictObject({
  servers: z.number().int().min(1).max(1_000_000),
  queue: z.number().int().min(0).max(QUEUE_MAX).default(QUEUE_MAX),
  discipline: z.enum(["fifo", "lifo", "random", "processor-sharing"]).default("fifo"),
  whenFull: z.union([z.literal([503, 429]), z.enum(["reset", "hang"])]).default(503),
  abandoned: z.enum(["keep", "drop"]).default("keep"),
});
export type CapacitySpec = z.output<typeof capacitySchema>;

/** A capacity, or `{ kind: fitted, from: profile }`: the one that the profile shows. */
export const writtenCapacitySchema = z.union([capacitySchema, fittedSchema]);
export type WrittenCapacity = z.output<typeof writtenCapacitySchema>;
