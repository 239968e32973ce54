import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { readCalls, readObservations } from "../../src/measure/index.ts";
import { RunDirectory, verifyRun } from "../../src/run/index.ts";
import { version } from "../../src/cli/version.ts";
import { Running, scenarioText, Scratch } from "../e2e/cli.ts";
import { ledgerOf } from "./bed.ts";
import { needsRedis, REDIS, TestRedis } from "./redis.ts";

needsRedis();

const STILL_MS = 1_000;
const json = (run: string, name: string) => JSON.parse(readFileSync(join(run, name), "utf8"));

describe.skipIf(!REDIS)("a fleet's run (skipped: redis-server is not installed)", () => {
  it("by commands alone: all is counted, and an emulator that stood still is why it is held", async () => {
    await using server = await TestRedis.start();
    const worker = ["worker", "--redis", server.url];
    const sends = new Running(worker);
    const emulates = new Running([...worker, "--emulate-at", "127.0.0.1"]);
    onTestFinished(() => [sends, emulates].forEach(({ child }) => void child.kill("SIGKILL")));
    using scratch = new Scratch();
    const stages = "[ { name: all, rate: 100%, for: 5s, settle: 500ms } ]";
    const extra = "stop: { harm: false, futility: false }";
    const file = scratch.file("fleet.yaml", scenarioText({ stages, extra }));
    const out = ["--out", join(scratch.path, "runs")];
    const fleet = ["--fleet", server.url, "--workers", "1", "--emulators", "1"];
    const running = new Running(["run", file, ...out, ...fleet]);

    await running.until(/^stage all/m);
    emulates.child.kill("SIGSTOP");
    await new Promise((resolve) => setTimeout(resolve, STILL_MS));
    emulates.child.kill("SIGCONT");
    const { code, stderr, stdout } = await running.ended;
    expect({ code, stderr }).toEqual({ code: 2, stderr: "" });
    expect(stdout).toMatch(/^HOLD /m);

    const run = scratch.run();
    const { decision, reason } = json(run, "result.json");
    expect(decision).toBe("hold");
    expect(reason).toMatch(/emulator stood still/);
    const { ended } = json(run, "manifest.json");
    expect(ended.fleet.workers).toHaveLength(2);
    expect(ended.fleet.gaps).toEqual([]);
    expect(ended.fleet.emulators).toMatchObject([{ asked: 0, alone: 0 }]);
    const directory = new RunDirectory(run);
    const observations = [...readObservations(...directory.observationSpools())];
    const { dropped, errors, planned, responses } = ledgerOf(observations);
    expect(planned).toBe(responses + errors + dropped);
    expect(responses).toBeGreaterThan(0);
    const calls = [...readCalls(directory.callSpools())];
    expect(calls.length).toBeGreaterThan(0);
    expect(ended.rows).toEqual({
      observations: observations.length,
      calls: calls.length,
      lost: 0,
    });
    expect((await verifyRun(directory, version)).broken).toBeNull();

    for (const each of [sends, emulates]) {
      each.child.kill("SIGTERM");
      const told = await each.ended;
      expect({ code: told.code, stderr: told.stderr }).toEqual({ code: 0, stderr: "" });
      expect(told.stdout).toMatch(/^run \w+ is over$/m);
    }
    expect(emulates.stdout).toMatch(/^emulates payments, catalog, reviews$/m);
    expect(sends.stdout).toMatch(/^shard 0$/m);
  }, 180_000);
});
