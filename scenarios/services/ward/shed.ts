import { originCaller } from "./call.ts";
import type { Service } from "./model.ts";
import { whole } from "./settings.ts";

/**
 * Turns requests away by itself, however its origin does: what comes when AT_ONCE are being served, and
 * after the first PER_S of each second.
 */
export const service: Service = () => {
  const call = originCaller();
  const [atOnce, perS] = [whole("AT_ONCE", 1_000), whole("PER_S", 1_000_000)];
  let [serving, taken, second] = [0, 0, 0];
  return async (visit) => {
    const now = Math.floor(performance.now() / 1_000);
    if (now !== second) [second, taken] = [now, 0];
    if (serving >= atOnce || taken >= perS) throw new Error("there is too much to do");
    taken++;
    serving++;
    try {
      return await call(visit);
    } finally {
      serving--;
    }
  };
};
