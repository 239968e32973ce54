import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { Fleet } from "../../src/fleet/index.ts";
import { loopbackTarget, selfSignedCertificate } from "../../src/testing/index.ts";
import { Running } from "../e2e/cli.ts";
import { connectRedis } from "../../src/fleet/redis.ts";
import { FleetBed, jobFor, Merged, VERSION } from "./bed.ts";
import { needsRedis, REDIS, TestRedis } from "./redis.ts";
import { freePort } from "../../src/run/free-port.ts";

needsRedis();

describe.skipIf(!REDIS)("a worker (skipped: redis-server is not installed)", () => {
  it("meets its fleet over TLS with a password, which it tells nobody, and ends when it is asked to", async () => {
    await using plain = await TestRedis.start();
    const { cert, key } = selfSignedCertificate(["localhost", "127.0.0.1"]);
    const [certPath, keyPath] = [join(plain.folder, "cert.pem"), join(plain.folder, "key.pem")];
    writeFileSync(certPath, cert);
    writeFileSync(keyPath, key);
    const tls = [
      "--tls-cert-file",
      certPath,
      "--tls-key-file",
      keyPath,
      "--tls-auth-clients",
      "no",
    ];
    const port = await freePort();
    const flags = ["--tls-port", String(port), ...tls, "--requirepass", "open-sesame"];
    await using _redis = await TestRedis.start(...flags);
    const url = `rediss://:open-sesame@localhost:${port}`;
    const env = { NODE_EXTRA_CA_CERTS: certPath };
    const worker = new Running(["worker", "--redis", url], { env });
    await worker.until(/^worker \S+ at rediss:\/\/localhost/m);
    worker.child.kill("SIGTERM");
    const { code, stderr, stdout } = await worker.ended;
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).not.toContain("open-sesame");
    const stranger = new Running(["worker", "--redis", url]);
    const refused = await stranger.ended;
    expect(refused.code).toBe(69);
    expect(refused.stderr).toMatch(/cannot be used: .*certificate/i);
    expect(refused.stderr).not.toContain("open-sesame");
  }, 90_000);

  it("says it when its Redis takes nothing, so that no run finds it, and each time anew", async () => {
    await using server = await TestRedis.start();
    await using bed = new FleetBed(server.url);
    bed.work();
    await bed.noted(/^worker /);
    const redis = await connectRedis(server.url);
    const told = (): number =>
      bed.notes.filter((line) => line.endsWith("is out of memory: runs cannot find this worker"))
        .length;
    for (const times of [1, 2]) {
      await redis.config("SET", "maxmemory", "1");
      await expect.poll(told, { timeout: 15_000 }).toBe(times);
      await redis.config("SET", "maxmemory", "0");
      await redis.del("none", ...(await redis.keys("shakedown:worker:*")));
      await expect
        .poll(() => redis.keys("shakedown:worker:*"), { timeout: 15_000 })
        .toHaveLength(1);
    }
    redis.disconnect();
  }, 60_000);

  it("stops when nobody leads its run, and is there for the next", async () => {
    await using server = await TestRedis.start();
    await using target = await loopbackTarget(() => ({ kind: "answer", body: "ok" }));
    await using bed = new FleetBed(server.url);
    bed.work();
    const directory = bed.directory();
    const job = jobFor(directory, { origin: target.origin, seconds: 300, shards: 1 });
    const fleet = await Fleet.connect({ redis: server.url, workers: 1, version: VERSION });
    const merged = new Merged();
    const never = new AbortController().signal;
    const given = { job, directory, lostShards: "take-over" as const };
    const load = await fleet.start(given, merged.events, never);
    const going = load.go(process.hrtime.bigint() + BigInt(load.runUpNs));
    await new Promise<void>((resolve) => (merged.onWindow = resolve));
    // As if whoever leads were gone: nothing is said any more, not even that it is over.
    await fleet[Symbol.asyncDispose]();
    const { error } = await going;
    expect(error).toMatchObject({ code: "FLEET_UNREACHABLE" });
    await bed.noted(/run \w+ is over/);
    expect(bed.notes).toContain("nobody has led this run for 10 s: stopped");
  }, 90_000);
});
