import { ShakedownError } from "../core/index.ts";
import { expireAll, LEFT_S, type RunKeys } from "./keys.ts";
import type { FleetCommand, WorkerCard } from "./messages.ts";
import type { Redis } from "./redis.ts";
import { releaseWorkers } from "./roster.ts";
import { pause } from "./ticker.ts";

/** A Redis that is away must not keep us. */
const LEAVE_WITHIN_MS = 2_000;

/** Tells all workers of a run what to do. */
export function giveOrder(
  redis: Redis,
  { down }: RunKeys,
  command: FleetCommand,
  onLost: (thrown: unknown) => void,
): void {
  redis.xadd(down, "*", "words", JSON.stringify(command)).catch(onLost);
}

/** Of a run that is over: what was told goes, the rest soon, and workers are free. */
export async function leaveRun(
  redis: Redis,
  { prefix, runId, up }: RunKeys,
  cards: readonly WorkerCard[],
): Promise<void> {
  const forget = async (): Promise<void> => {
    await redis.unlink(up);
    await expireAll(redis, prefix, LEFT_S);
  };
  await Promise.race([forget(), pause(LEAVE_WITHIN_MS)]);
  await Promise.race([releaseWorkers(redis, cards, runId), pause(LEAVE_WITHIN_MS)]);
}

/** Of a worker that stopped by itself: what it had told, and tells still, counts. */
export const unled = (who: string): ShakedownError =>
  new ShakedownError(
    "FLEET_UNREACHABLE",
    `${who} stopped: for 10 s it did not hear that this run is led`,
    { hint: "its Redis, the way there, or this process stood still" },
  );
