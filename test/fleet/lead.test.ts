import { randomBytes } from "node:crypto";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import type { ShakedownError } from "../../src/core/index.ts";
import { runKeys } from "../../src/fleet/keys.ts";
import { Lead } from "../../src/fleet/lead.ts";
import { connectRedis } from "../../src/fleet/redis.ts";
import { needsRedis, REDIS, TestRedis } from "./redis.ts";

needsRedis();

describe.skipIf(!REDIS)("the lead of a run (skipped: redis-server is not installed)", () => {
  it("is one process' at a time: another is refused, and who lost it says nothing more", async () => {
    await using server = await TestRedis.start();
    const redis = await connectRedis(server.url);
    using _redis = { [Symbol.dispose]: () => redis.disconnect() };
    const keys = runKeys(randomBytes(8).toString("hex"));
    const told: string[] = [];
    const taken: ShakedownError[] = [];
    const leadOf = (name: string): Lead =>
      new Lead(redis, keys, {
        heard: () => ({ [name]: told.push(name) }),
        lastId: () => "0-0",
        onFailed: () => {},
        onBeat: () => {},
        onLost: (thrown) => expect(thrown).toBeUndefined(),
        onTaken: (error) => taken.push(error),
      });
    // Each beats when it is told to, and not by itself.
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    onTestFinished(() => void vi.useRealTimers());
    using first = leadOf("first");
    await first.beat();
    await first.sure();
    using second = leadOf("second");
    await second.beat();
    expect(taken).toMatchObject([{ code: "RUN_LED", exitCode: 69 }]);
    expect(told).not.toContain("second");
    // As if the first had slept until its sign of life ran out.
    await redis.del(keys.lead);
    using third = leadOf("third");
    await third.beat();
    const saidBefore = told.filter((name) => name === "first").length;
    await first.beat();
    expect(taken).toHaveLength(2);
    expect(told.filter((name) => name === "first")).toHaveLength(saidBefore);
    expect(Object.keys(await redis.hgetall(keys.heard))).toEqual(["first", "third"]);
  });
});
