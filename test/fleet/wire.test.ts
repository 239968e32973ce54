import { createServer } from "node:net";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fetchBlob, putBlob } from "../../src/fleet/blobs.ts";
import { measureOffset, movedApartUs, timeOf } from "../../src/fleet/clock-offset.ts";
import { blobKeys, emulationKeys, expireAll, runKeys } from "../../src/fleet/keys.ts";
import { packJob, unpackJob } from "../../src/fleet/pack.ts";
import { connectRedis, type Redis, unusable } from "../../src/fleet/redis.ts";
import { seededPrng } from "../../src/core/index.ts";
import type { GeneratorJob } from "../../src/replay/index.ts";
import { recordStore } from "../profile/stored.ts";
import { needsRedis, REDIS, TestRedis } from "./redis.ts";

needsRedis();

/** What of a job is not like the rest: memory that is shared, and numbers that JSON does not know. */
function job(): GeneratorJob {
  const records = recordStore(
    ["/a", "/b", "/c"].map((path, i) => ({
      offsetNs: i * 1e6,
      method: "GET",
      path,
      headers: [],
      route: `GET ${path}`,
    })),
  ).data;
  const capture = { offsetsNs: records.columns.offsetsNs, speed: 1, loop: true, clump: Infinity };
  const input = { fromPerSec: 200, toPerSec: 200, durationNs: 2e8, capture };
  const target = { origin: "http://127.0.0.1:1", address: "127.0.0.1", tls: null, http2: false };
  const some: Partial<GeneratorJob> = {
    arms: [{ name: "target", target, headers: {}, transport: "wire" }],
    records,
    stageNames: ["all", "more"],
    stages: [
      { spec: { kind: "uniform" }, input },
      { spec: { kind: "poisson" }, input },
    ],
    runId: "00000000000000aa",
    seed: "1",
    workers: 2,
  };
  return some as GeneratorJob;
}

describe.skipIf(!REDIS)(
  "the wire, on a real Redis (skipped: redis-server is not installed)",
  () => {
    let server: TestRedis;
    let redis: Redis;
    beforeAll(async () => {
      server = await TestRedis.start();
      redis = await connectRedis(server.url);
    });
    afterAll(async () => {
      redis.disconnect();
      await server[Symbol.asyncDispose]();
    });

    it("content of any length comes back as it was, and is kept for as long as it is wanted", async () => {
      for (const bytes of [0, 1, 1_048_576, 2_500_000]) {
        const content = Buffer.alloc(bytes, "shakedown");
        const slice = (from: number, to: number) => content.subarray(from, to);
        const ref = await putBlob(redis, { bytes, slice });
        const path = await fetchBlob(redis, ref, join(server.folder, "cache"));
        expect(readFileSync(path).equals(content)).toBe(true);
        expect(await redis.ttl(blobKeys(ref.sha256).head)).toBeGreaterThan(0);
      }
    });

    it("content that was changed on the way is refused, and one changed in the cache fetched again", async () => {
      const content = Buffer.from("as it was planned");
      const slice = (from: number, to: number) => content.subarray(from, to);
      const ref = await putBlob(redis, { bytes: content.length, slice });
      const cache = join(server.folder, "cache");
      const path = await fetchBlob(redis, ref, cache);
      writeFileSync(path, "as it was not");
      expect(readFileSync(await fetchBlob(redis, ref, cache), "utf8")).toBe("as it was planned");
      await redis.set(blobKeys(ref.sha256).chunk(0), "As it was planned");
      const other = join(server.folder, "other");
      await expect(fetchBlob(redis, ref, other)).rejects.toMatchObject({ code: "FLEET_MISMATCH" });
      await redis.del(blobKeys(ref.sha256).chunk(0));
      await expect(fetchBlob(redis, ref, other)).rejects.toMatchObject({ code: "FLEET_MISMATCH" });
    });

    it("what is left of a run expires, and keeps no sign of life of who leads it or its emulators", async () => {
      const [{ lead, prefix, up }, emulation] = [runKeys("0123"), emulationKeys("0123")];
      for (const key of [lead, emulation.lead]) await redis.set(key, "me", "PX", 3_000);
      for (const key of [up, emulation.up]) await redis.xadd(key, "*", "words", "");
      await expireAll(redis, prefix, 60);
      for (const key of [lead, emulation.lead]) {
        expect(await redis.pttl(key)).toBeLessThanOrEqual(3_000);
      }
      for (const key of [up, emulation.up]) expect(await redis.ttl(key)).toBeGreaterThan(0);
    });

    it("a job comes out as it went in, and its stages share the arrivals that they shared", async () => {
      const packed = await packJob(redis, job());
      const back = await unpackJob(redis, packed, join(server.folder, "cache"));
      expect(back).toEqual(job());
      expect(back.stages[0]!.input.capture.offsetsNs).toBe(back.stages[1]!.input.capture.offsetsNs);
      expect(back.records.columns.offsetsNs.buffer).toBeInstanceOf(SharedArrayBuffer);
      await expect(unpackJob(redis, "{}", server.folder)).rejects.toMatchObject({
        code: "FLEET_MISMATCH",
      });
    });

    it("two clocks that are 200 ms apart are told by their offsets, within what those own to", async () => {
      const nowUs = () => Number(process.hrtime.bigint() / 1_000n);
      const one = await measureOffset(timeOf(redis), nowUs);
      const other = await measureOffset(timeOf(redis), () => nowUs() + 200_000);
      const apartUs = one.offsetUs - other.offsetUs;
      expect(Math.abs(apartUs - 200_000)).toBeLessThanOrEqual(one.errorUs + other.errorUs);
    });

    it("what cannot be used is refused for what it is", async () => {
      const refused = async (url: string) =>
        connectRedis(url).then(
          () => "taken",
          (thrown: Error) => thrown.message,
        );
      expect(await refused("http://127.0.0.1:1")).toMatch(/not the URL of a Redis/);
      expect(await refused("redis://:secret@127.0.0.1:1")).toMatch(
        /^the Redis at redis:\/\/127\.0\.0\.1:1 cannot be used: .*ECONNREFUSED/,
      );
      await redis.config("SET", "maxmemory", "1");
      expect(await refused(server.url)).toMatch(/is out of memory/);
      await redis.config("SET", "maxmemory", "0");
      await redis.replicaof("127.0.0.1", "1");
      expect(await refused(server.url)).toMatch(/is a read-only replica/);
      await redis.replicaof("NO", "ONE");
      await redis.config("SET", "requirepass", "open");
      expect(await refused(server.url)).toMatch(/wants a password/);
      expect(await refused(server.url.replace("//", "//:wrong@"))).toMatch(/wants a password/);
      (await connectRedis(server.url, "open")).disconnect();
      (await connectRedis(server.url.replace("//", "//:open@"))).disconnect();
      await redis.config("SET", "requirepass", "");
    });
  },
);

it("a Redis that is too old is refused with its version", async () => {
  const server = createServer((socket) => {
    // Whatever it is asked, it tells its version.
    const info = "redis_version:5.0.7\r\n";
    const answer = `$${info.length}\r\n${info}\r\n`;
    socket.on("data", (bytes: Buffer) => {
      const asked = bytes.toString().match(/^\*\d+\r$/gm)?.length ?? 0;
      socket.write(answer.repeat(asked));
    });
    socket.on("error", () => {});
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" ? address?.port : 0;
  await expect(connectRedis(`redis://127.0.0.1:${port}`)).rejects.toThrow(
    /is version 5\.0\.7, and a fleet needs 6\.2/,
  );
  server.close();
});

it("no password is told in an error", () => {
  const { message, hint } = unusable("rediss://:secret@redis.example:6379", new Error("gone"));
  expect(`${message} ${hint}`).not.toContain("secret");
});

it("an offset holds the truth within its error, whatever way packets take; clocks that move are told", async () => {
  const ms = fc.nat(20_000);
  const delays = fc.array(fc.tuple(ms, ms), { minLength: 16, maxLength: 16 });
  const truth = fc.integer({ min: -1e9, max: 1e9 });
  await fc.assert(
    fc.asyncProperty(truth, delays, async (offsetUs, ways) => {
      let [nowUs, at] = [0, 0];
      const ask = (): Promise<number> => {
        const [out, back] = ways[at++]!;
        const toldUs = nowUs + out + offsetUs;
        nowUs += out + back;
        return Promise.resolve(toldUs);
      };
      const measured = await measureOffset(ask, () => nowUs);
      expect(Math.abs(measured.offsetUs - offsetUs)).toBeLessThanOrEqual(measured.errorUs);
    }),
  );
  const prng = seededPrng("clocks");
  const clock = (offsetUs: number) => ({ offsetUs: offsetUs + (prng() - 0.5) * 200, errorUs: 100 });
  for (let i = 0; i < 100; i++) {
    const still = { then: clock(5), now: clock(5) };
    const moved = { then: clock(0), now: clock(200_000) };
    expect(movedApartUs(still, { then: clock(9), now: clock(9) })).toBe(0);
    // Redis' own clock was set: both moved alike.
    expect(movedApartUs({ then: clock(0), now: clock(200_000) }, moved)).toBe(0);
    expect(movedApartUs(still, moved)).toBeGreaterThan(199_000);
  }
});
