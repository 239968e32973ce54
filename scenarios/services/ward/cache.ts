import { LRUCache } from "lru-cache";
import { originCaller } from "./call.ts";
import type { Service } from "./model.ts";
import { paused } from "./pause.ts";
import { choice, whole } from "./settings.ts";

/**
 * lru-cache of ENTRIES, which live TTL_MS, up to TTL_JITTER per cent less; with SINGLE_FLIGHT=false
 * every request that misses asks the origin.
 */
export const service: Service = () => {
  const call = originCaller();
  const cache = new LRUCache<string, string>({ max: whole("ENTRIES", 1_000) });
  const flights = new Map<string, Promise<string>>();
  const single = choice("SINGLE_FLIGHT", ["true", "false"]) === "true";
  const [ttlMs, jitter] = [whole("TTL_MS", 60_000), whole("TTL_JITTER", 10) / 100];
  return (visit) =>
    paused(async () => {
      const { path } = visit;
      const known = cache.get(path);
      if (known !== undefined) return known;
      const flight = single ? flights.get(path) : undefined;
      if (flight !== undefined) return flight;
      const fetched = call(visit);
      flights.set(path, fetched);
      try {
        const text = await fetched;
        cache.set(path, text, { ttl: Math.ceil(ttlMs * (1 - jitter * Math.random())) });
        return text;
      } finally {
        if (flights.get(path) === fetched) flights.delete(path);
      }
    });
};
