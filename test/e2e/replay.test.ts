import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { resultSchema } from "../../src/report/index.ts";
import { shakedown } from "./cli.ts";
import {
  evenly,
  expectMeasured,
  harEntry,
  intendedOf,
  MS,
  newScratch,
  read,
  type Replayed,
  replayed,
  serve,
  targetOf,
  tidyUp,
} from "./replay-fixture.ts";

afterEach(tidyUp);

describe("shakedown replay", () => {
  it("of a capture that is out of order keeps every recorded offset, in order", async () => {
    const target = await serve();
    // 1,000 requests over 1.5 s, some at one moment, shuffled by a fixed stride.
    const inOrder = Array.from({ length: 1_000 }, (_, i) => Math.floor(i / 2) * 3 * MS);
    const shuffled = inOrder.map((_, i) => inOrder[(i * 387) % 1_000]!);
    const requests = shuffled.map((offsetNs, i) => ({ offsetNs, path: `/item/${i % 50}` }));
    const run = await replayed(requests, "--target", target.origin);
    expectMeasured(run);
    expect(Object.keys(run.result.arms)).toEqual(["target"]);
    expect(targetOf(run)).toMatchObject({
      planned: 1_000,
      responses: 1_000,
      errors: 0,
      dropped: 0,
    });
    expect(target.seen).toHaveLength(1_000);
    const offNs = intendedOf(run.observations).map((ns, i) => Math.abs(ns - inOrder[i]!));
    expect(Math.max(...offNs)).toBeLessThan(1);
    expect(run.stdout).toMatch(/^MEASURED {2}|^HOLD {2}/m);
    expect(run.stdout).toMatch(/^ {2}target: 1,000 = 1,000 \+ 0 \+ 0$/m);
  });

  it("with a control gives both the same requests at the same moments, and decides", async () => {
    const [control, variant] = [await serve(), await serve()];
    const flags = ["--control", control.origin, "--target", variant.origin];
    const more = ["--rate", "100/s", "--arrivals", "poisson", "--duration", "1s"];
    const run = await replayed(evenly(20, 50 * MS), ...flags, ...more, "--header", "x-flag: new");
    expect([0, 1, 2]).toContain(run.code);
    expect(run.result.decision).not.toBeNull();
    expect(Object.keys(run.result.arms)).toEqual(["control", "variant"]);
    expect(run.result.hypothesis?.if).toContain(variant.origin);
    expect(intendedOf(run.observations, 1)).toEqual(intendedOf(run.observations, 0));
    const identities = [control, variant].map(({ seen }) =>
      seen.map(({ headers, path }) => `${String(headers["traceparent"]).slice(3, 35)} ${path}`),
    );
    expect(identities[0]!.length).toBeGreaterThan(50);
    expect(identities[1]!.toSorted()).toEqual(identities[0]!.toSorted());
    expect(new Set(variant.seen.map(({ headers }) => headers["x-flag"]))).toEqual(new Set(["new"]));
  });

  it("at twice the captured rate sends twice as much, in its own rhythm; --json prints the result alone", async () => {
    const target = await serve();
    const flags = ["--target", target.origin, "--rate", "2x", "--json"];
    const run = await replayed(evenly(50, 20 * MS), ...flags);
    const printed = resultSchema.parse(JSON.parse(run.stdout));
    const kept = readFileSync(run.directory.file("result.json"), "utf8");
    expect(printed).toEqual(JSON.parse(kept));
    // What else is said goes to the other stream.
    expect(run.stderr).toMatch(/replaying/);
    expectMeasured({ ...run, stderr: "" });
    expect(targetOf(run).planned).toBe(100);
    expect(target.seen.filter(({ path }) => path.startsWith("/a"))).toHaveLength(50);
  });

  it("at less than one a second counts whole starts", async () => {
    const target = await serve();
    const flags = ["--rate", "0.8/s", "--duration", "2.5s", "--arrivals", "uniform"];
    const run = await replayed(evenly(10, MS), "--target", target.origin, ...flags);
    expectMeasured(run);
    const gaps = intendedOf(run.observations);
    expect(gaps).toHaveLength(2);
    expect(gaps[1]! - gaps[0]!).toBeCloseTo(1.25e9, 0);
  });

  it("in bursts, after a ramp that is not judged", async () => {
    const target = await serve();
    const load = ["--arrivals", "burst:ratio=4,share=20%,mean=200ms", "--rate", "200/s"];
    const time = ["--duration", "2s", "--ramp", "500ms"];
    const run = await replayed(evenly(10, MS), "--target", target.origin, ...load, ...time);
    expectMeasured(run);
    expect(run.result.run.load).toContain("burst:ratio=4,share=20%,mean=200ms");
    expect(run.result.stages.map(({ name, judgedFromS }) => [name, judgedFromS])).toEqual([
      ["ramp", null],
      ["replay", 0.5],
    ]);
    expect(intendedOf(run.observations).every((ns) => ns >= 0 && ns < 2e9)).toBe(true);
    expect(target.seen.length).toBe(targetOf(run).responses);
  });

  it("with two workers plans and sends the same as with one", async () => {
    const flags = ["--rate", "200/s", "--arrivals", "poisson", "--duration", "1s"];
    const runs: Replayed[] = [];
    for (const workers of ["1", "2"]) {
      // oxlint-disable-next-line no-await-in-loop -- two at once would be in each other's way
      const target = await serve();
      const all = [...flags, "--target", target.origin, "--workers", workers];
      // oxlint-disable-next-line no-await-in-loop -- as above
      runs.push(await replayed(evenly(30, MS, ["/a", "/b", "/c"]), ...all));
    }
    const [one, two] = runs as [Replayed, Replayed];
    for (const run of runs) expectMeasured(run);
    expect(runs.map(({ directory }) => directory.observationSpools().length)).toEqual([1, 2]);
    const ledgers = runs.map((run) => {
      const { dropped, errors, planned, responses, routes } = targetOf(run);
      const perRoute = routes.map(({ planned: count, route }) => `${route} ${count}`);
      return { planned, responses, errors, dropped, perRoute: perRoute.toSorted() };
    });
    expect(ledgers[1]).toEqual(ledgers[0]);
    expect(intendedOf(two.observations)).toEqual(intendedOf(one.observations));
  });

  it("begins the capture anew, until the duration is over, when it is told to", async () => {
    const target = await serve();
    const flags = ["--target", target.origin, "--loop", "--duration", "1s"];
    const run = await replayed(evenly(10, 20 * MS), ...flags);
    expectMeasured(run);
    const gapsNs = intendedOf(run.observations).map((ns, i, all) => ns - (all[i - 1] ?? -20 * MS));
    expect(gapsNs).toHaveLength(50);
    expect(Math.max(...gapsNs.map((gapNs) => Math.abs(gapNs - 20 * MS)))).toBeLessThan(1);
  });

  it("gives each session what the target issued to it", async () => {
    let issued = 0;
    const tokens = new Map<string, string>();
    const wrong: string[] = [];
    const target = await serve(({ headers, path }) => {
      const user = String(headers["x-user"]);
      if (path === "/login") {
        const token = `issued-${issued++}`;
        tokens.set(user, token);
        return { kind: "answer", body: JSON.stringify({ token }) };
      }
      if (headers["x-token"] !== tokens.get(user))
        wrong.push(`${user} ${String(headers["x-token"])}`);
      return { kind: "answer" };
    });
    const users = ["ann", "bob", "cyd"];
    const entries = users.flatMap((user, i) =>
      ["/login", "/cart", "/cart"].map((path, step) => harEntry(user, path, i * 20 + step * 300)),
    );
    const scratch = newScratch();
    const har = { log: { version: "1.2", creator: { name: "test", version: "1" }, entries } };
    const capture = scratch.file("capture.har", JSON.stringify(har));
    const rule = "response.json(token) -> request.header(x-token)";
    const out = join(scratch.path, "runs");
    const flags = ["--target", target.origin, "--substitute", rule, "--no-redact", "--out", out];
    const run = read(await shakedown("replay", capture, ...flags), scratch);
    expect(targetOf(run)).toMatchObject({ planned: 9, responses: 9 });
    expect(target.seen.map(({ path }) => path).filter((path) => path === "/cart")).toHaveLength(6);
    // A cart that started late or beside its login, since the machine stood still, has nothing to put in.
    const at = run.observations.toSorted((a, b) => a.seq - b.seq);
    const early = at.slice(3).filter((cart) => {
      const login = at[cart.seq % 3]!;
      return cart.kind !== "dropped" && login.kind !== "dropped" && cart.startNs < login.endNs;
    });
    expect(early.length).toBeLessThan(6);
    expect(wrong.length).toBeLessThanOrEqual(early.length);
  });
});
