import { afterEach, beforeAll, describe, expect, it } from "vitest";
import type { LoopbackReply } from "../../src/testing/index.ts";
import { shakedown } from "./cli.ts";
import {
  begin,
  evenly,
  expectMeasured,
  MS,
  OK,
  read,
  type Replayed,
  replayed,
  serve,
  targetOf,
  tidyUp,
} from "./replay-fixture.ts";

afterEach(tidyUp);

describe("a target that does what none should", () => {
  it("refuses from the first: 69, and nothing is left behind", async () => {
    const target = await serve();
    await target.refuse();
    const { running, scratch } = begin(evenly(10, MS), "--target", target.origin);
    const { code, stderr } = await running.ended;
    expect(code).toBe(69);
    expect(stderr).toMatch(/arm target: cannot reach http:\S+: it refuses connections/);
    expect(() => scratch.run()).toThrow(/found none/);
  });

  it("never answers: timeouts, counted from the intended start, and a hold", async () => {
    const target = await serve(() => ({ kind: "hang" }));
    const flags = ["--target", target.origin, "--timeout", "300ms"];
    const run = await replayed(evenly(40, 25 * MS), ...flags);
    expect(targetOf(run)).toMatchObject({
      planned: 40,
      responses: 0,
      errorCounts: { timeout: 40 },
    });
    expect(run).toMatchObject({ code: 2, result: { decision: "hold" } });
    expect(run.result.reason).toMatch(/target answered nothing/);
    for (const each of run.observations) {
      if (each.kind !== "error") throw new Error(`${each.seq} is a ${each.kind}`);
      expect(each.endNs - each.intendedNs).toBeGreaterThan(299.9 * MS);
    }
  });

  it("goes away half-way: what was measured is kept, and the run ends with 69", async () => {
    const target = await serve((request) => {
      if (target.seen.length > 30) void target.refuse();
      return OK(request);
    });
    const load = ["--rate", "50/s", "--arrivals", "uniform", "--duration", "60s"];
    const run = await replayed(evenly(10, MS), "--target", target.origin, ...load);
    expect(run.code).toBe(69);
    expect(run.stdout).toMatch(/arm target at http:\S+ took no connection for 3 s/);
    const { dropCounts, errorCounts, planned, responses } = targetOf(run);
    expect(planned).toBe(3_000);
    expect(responses).toBeGreaterThanOrEqual(25);
    expect(errorCounts["refused"]).toBeGreaterThan(50);
    expect(dropCounts["run-stopped"]).toBeGreaterThan(2_000);
    expect(run.result.run.complete).toBe(false);
  });
});

/** One replay of a target that answers each path in a way of its own, a sixth of the requests each. */
describe("a target of which some answers are unlike others", () => {
  const PATHS = ["/good", "/bad", "/moved", "/large", "/small", "/good"];
  const SIXTH = 20;
  let run: Replayed;
  let seen: ReadonlySet<string>;
  beforeAll(async () => {
    const large = Buffer.alloc(2_001, "x");
    const replies: Readonly<Record<string, LoopbackReply>> = {
      "/bad": { kind: "raw", bytes: "SSH-2.0-OpenSSH_9.6\r\n\r\n", then: "end" },
      "/moved": { kind: "answer", status: 302, headers: { location: "/elsewhere" } },
      "/large": { kind: "answer", body: large },
      "/small": { kind: "answer", body: large.subarray(0, 2_000) },
    };
    const target = await serve(({ path }) => replies[path] ?? { kind: "answer" });
    const flags = ["--target", target.origin, "--body-limit", "2kB"];
    run = await replayed(evenly(PATHS.length * SIXTH, 5 * MS, PATHS), ...flags);
    seen = new Set(target.seen.map(({ path }) => path));
    await tidyUp();
  }, 60_000);

  it("is measured whatever it does: each start is answered, or an error", () => {
    expectMeasured(run);
    expect(targetOf(run)).toMatchObject({ planned: 6 * SIXTH, responses: 4 * SIXTH, dropped: 0 });
  });

  it("speaks garbage here and there: protocol errors, and the rest is answered", () => {
    expect(targetOf(run).errorCounts["protocol"]).toBe(SIXTH);
    expect(targetOf(run).statusCounts).toEqual({ 200: 3 * SIXTH, 302: SIXTH });
  });

  it("sends somewhere else: a redirect is an answer, and is not followed", () => {
    expect(targetOf(run).statusCounts[302]).toBe(SIXTH);
    expect(seen).toEqual(new Set(PATHS));
  });

  it("answers with more than the limit: too large, and the rest is answered", () => {
    expect(targetOf(run).errorCounts).toEqual({ protocol: SIXTH, "too-large": SIXTH });
  });
});

describe("a replay that is not to be", () => {
  it("is interrupted: what was measured is kept, and it ends with 130", async () => {
    const enough = Promise.withResolvers<void>();
    const target = await serve((request) => {
      if (target.seen.length === 40) enough.resolve();
      return OK(request);
    });
    const load = ["--arrivals", "uniform", "--rate", "50/s", "--duration", "60s"];
    const { running, scratch } = begin(evenly(20, 10 * MS), "--target", target.origin, ...load);
    await enough.promise;
    running.child.kill("SIGINT");
    const run = read(await running.ended, scratch);
    expect(run.code).toBe(130);
    expect(run.result).toMatchObject({ decision: "hold", reason: "incomplete: interrupted" });
    const { dropCounts, planned, responses } = targetOf(run);
    expect(planned).toBe(3_000);
    expect(responses).toBeGreaterThanOrEqual(39);
    expect(dropCounts["run-stopped"]).toBeGreaterThan(2_000);
    // And judges the same again.
    const { code } = await shakedown("report", run.directory.path);
    expect(code).toBe(2);
  });

  it.each([
    ["no target", [], /Missing required argument: target/],
    ["an unknown flag", ["--target", "http://127.0.0.1:1", "--sped", "2"], /sped/],
    ["a rate that is none", ["--target", "http://127.0.0.1:1", "--rate", "fast"], /not a rate/],
  ])("is refused with 64, a sentence and what to do: %s", async (_, flags, said) => {
    const { running, scratch } = begin(evenly(10, MS), ...flags);
    const { code, stderr, stdout } = await running.ended;
    expect({ code, stdout }).toEqual({ code: 64, stdout: "" });
    expect(stderr).toMatch(/^shakedown: /);
    expect(stderr).toMatch(said);
    expect(() => scratch.run()).toThrow(/ENOENT|found none/);
  });
});
