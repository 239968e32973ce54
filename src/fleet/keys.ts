import type { Redis } from "./redis.ts";

/*
 * Where things are in Redis. What belongs to a run has its id in braces, so that a cluster keeps it in
 * one place, and expires: a fleet that is cut off in the middle leaves nothing behind for long.
 */
const PREFIX = "shakedown";

/** How long what nobody renews is kept. */
export const KEPT_S = 3_600;
/** How long what is left of a run that is over is kept. */
export const LEFT_S = 60;
/** How long a run has a worker that does not say so again. */
export const TAKEN_MS = 15_000;

/** Ids of workers that have been heard of. */
export const WORKERS = `${PREFIX}:workers`;

export interface WorkerKeys {
  /** What it is and can do; gone when it is silent for a few seconds. */
  readonly card: string;
  /** The run that has it. */
  readonly takenBy: string;
  /** Runs that ask it to join. */
  readonly calls: string;
}

export function workerKeys(id: string): WorkerKeys {
  const at = `${PREFIX}:worker:{${id}}`;
  return { card: at, takenBy: `${at}:taken-by`, calls: `${at}:calls` };
}

export interface RunKeys {
  readonly runId: string;
  /** What BullMQ's keys of this run begin with. */
  readonly prefix: string;
  readonly queue: string;
  /** The queue of the job above all shards, which merges what they did. */
  readonly merges: string;
  readonly job: string;
  /** From workers to whoever leads, and back. */
  readonly up: string;
  readonly down: string;
  /** Who leads; gone soon after the last sign of life. */
  readonly lead: string;
  /** Up to which message each shard has been heard. */
  readonly heard: string;
  /** Workers that cannot take part, and why. */
  readonly failed: string;
}

const leadOf = (prefix: string): string => `${prefix}:lead`;
const emulationOf = (prefix: string): string => `${prefix}:emulation`;

export const runKeys = (runId: string): RunKeys => keysAt(runId, `${PREFIX}:{${runId}}`);

/** The same for what is emulated for a run, which is led, told and heard by itself. */
export const emulationKeys = (runId: string): RunKeys =>
  keysAt(runId, emulationOf(`${PREFIX}:{${runId}}`));

/** What the keys of limits begin with that a run's emulators share. */
export const limitsOf = (runId: string): string => `${emulationKeys(runId).prefix}:limit`;

function keysAt(runId: string, prefix: string): RunKeys {
  return {
    runId,
    prefix,
    queue: "shards",
    merges: "merges",
    job: `${prefix}:job`,
    up: `${prefix}:up`,
    down: `${prefix}:down`,
    lead: leadOf(prefix),
    heard: `${prefix}:heard`,
    failed: `${prefix}:failed`,
  };
}

/** Content by its hash, for whichever run it is of. */
export function blobKeys(sha256: string): {
  readonly head: string;
  readonly chunk: (index: number) => string;
} {
  const at = `${PREFIX}:blob:{${sha256}}`;
  return { head: at, chunk: (index) => `${at}:${index}` };
}

/** Lets all keys of a run expire, BullMQ's own included; signs of life of who leads do so by themselves. */
export async function expireAll(redis: Redis, prefix: string, seconds: number): Promise<void> {
  const pattern = `${prefix.replaceAll(/[[\]*?\\]/g, String.raw`\$&`)}:*`;
  const leads = new Set([leadOf(prefix), leadOf(emulationOf(prefix))]);
  const scanning = redis.scanStream({ match: pattern, count: 1_000 });
  for await (const keys of scanning as AsyncIterable<string[]>) {
    const expiring = redis.pipeline();
    for (const key of keys) if (!leads.has(key)) expiring.expire(key, seconds);
    await expiring.exec();
  }
}
