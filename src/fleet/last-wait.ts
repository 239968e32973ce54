import type { Redis } from "./redis.ts";
import { aborted, pause } from "./ticker.ts";

/** How long a worker that is to end waits for a Redis that does not answer. */
export const LAST_WAIT_MS = 15_000;
const LOOK_MS = 1_000;

/** Resolves when a worker that is to end need not wait for its Redis any more; not where it is `over`. */
export async function waitedInVain(
  redis: Redis,
  toEnd: AbortSignal,
  over: AbortSignal,
): Promise<void> {
  await aborted(toEnd);
  while (!over.aborted) {
    // Whatever it says, it is there.
    const answers = redis.ping().then(
      () => true,
      () => true,
    );
    const silence = pause(LAST_WAIT_MS, over).then(() => over.aborted);
    // oxlint-disable-next-line no-await-in-loop -- one look after another
    if (!(await Promise.race([answers, silence]))) return;
    // oxlint-disable-next-line no-await-in-loop -- as above
    await pause(LOOK_MS, over);
  }
  await new Promise(() => {});
}
