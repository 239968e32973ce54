import { Redis } from "ioredis";
import { originCaller } from "./call.ts";
import type { Service } from "./model.ts";
import { paused } from "./pause.ts";
import { choice, whole } from "./settings.ts";

/**
 * ioredis as a cache of the origin's answers, each kept with VALUE_BYTES of filling for TTL_MS. With
 * KEYS=once no two requests ask for the same.
 */
export const service: Service = () => {
  const call = originCaller();
  const redis = new Redis(process.env["CACHE_URL"] ?? "redis://127.0.0.1:6379");
  redis.on("error", (error: Error) => process.stderr.write(`redis: ${error.message}\n`));
  const ttlMs = whole("TTL_MS", 60_000);
  const filling = "x".repeat(whole("VALUE_BYTES", 20_000));
  const once = choice("KEYS", ["shared", "once"]) === "once";
  let asked = 0;
  const flights = new Map<string, Promise<string>>();
  return ({ identity, path: item }) =>
    paused(async () => {
      const path = once ? `${item}?nonce=${asked++}` : item;
      const known = await redis.get(path);
      if (known !== null) return known;
      const flight = flights.get(path);
      if (flight !== undefined) return flight;
      const fetched = call({ identity, path });
      flights.set(path, fetched);
      try {
        const text = await fetched;
        await redis.set(path, text + filling, "PX", ttlMs);
        return text;
      } finally {
        flights.delete(path);
      }
    });
};
