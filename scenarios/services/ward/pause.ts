import { setTimeout as delay } from "node:timers/promises";
import { whole } from "./settings.ts";

const beforeMs = whole("WAIT_BEFORE_MS", 0);
const afterMs = whole("WAIT_AFTER_MS", 0);
const share = whole("WAIT_SHARE", 100) / 100;

/**
 * Slow for a reason of its own: waits before and after what is done, for nothing that anybody shares.
 * With WAIT_SHARE only so many per cent of the requests do.
 */
export async function paused<T>(work: () => Promise<T>): Promise<T> {
  if (Math.random() >= share) return work();
  if (beforeMs > 0) await delay(beforeMs);
  const done = await work();
  if (afterMs > 0) await delay(afterMs);
  return done;
}
