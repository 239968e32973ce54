/** Many machines: a run's load, cut into shards that workers send, on Redis and BullMQ. */
export { connectRedis, placeOf, withoutPasswords } from "./redis.ts";
