import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { resilienceSchema } from "../../src/report/index.ts";
import { ROOT, Scratch, shakedown } from "./cli.ts";

const SCENARIO = `scenario: alone
profile: ${join(ROOT, "profiles/storefront.ndjson.gz")}
rate: 100/s
arms:
  target:
    command: node ${join(ROOT, "scenarios/services/storefront.ts")}
    ready: /healthz
    env: { PAYMENT_TIMEOUT_MS: "200" }
dependencies:
  payments: { latency: { kind: lognormal, median: 5ms, p99: 10ms } }
  catalog: { latency: { kind: lognormal, median: 5ms, p99: 10ms } }
  reviews: { latency: { kind: lognormal, median: 5ms, p99: 10ms } }
stages:
  - { name: whole, rate: 100%, for: 60s }
`;

it("shakedown probe says beforehand how long it takes, and leaves a card", async () => {
  using own = new Scratch();
  const path = join(own.path, "alone.yaml");
  writeFileSync(path, SCENARIO);
  const out = join(own.path, "runs");
  const args = ["probe", path, "--only", "payments:hang", "--stage", "1s", "--rate", "100%"];
  const { code, stderr, stdout } = await shakedown(...args, "--out", out);
  expect(stderr).not.toContain("bug");
  // 2 where the machine was too busy for the measurement to be trusted.
  expect([0, 2]).toContain(code);
  expect(stdout).toContain("course   payments: 4 stages, 5 s of traffic\n");
  expect(stdout).toContain("Under trouble: payments, called by target\n");
  const [run = ""] = readdirSync(out);
  const written: unknown = JSON.parse(readFileSync(join(out, run, "probe.json"), "utf8"));
  const { cards } = resilienceSchema.parse(written);
  expect(cards.map(({ dependency }) => dependency)).toEqual(["payments"]);
  expect(cards[0]?.latency).toBeNull();
  expect(cards[0]?.hang?.calls).toBeGreaterThan(4);
});

it("shakedown probe empties caches and sees them fill", async () => {
  using own = new Scratch();
  const path = join(own.path, "cold.yaml");
  const flush = "flushCaches: { request: { path: /caches/flush } }\nstages:";
  writeFileSync(path, SCENARIO.replace("stages:", flush));
  const args = ["probe", path, "--only", "cold", "--stage", "1s", "--rate", "200/s"];
  const { code, stderr, stdout } = await shakedown(...args, "--out", join(own.path, "runs"));
  expect(stderr).not.toContain("bug");
  expect([0, 2]).toContain(code);
  expect(stdout).toContain("course   cold cache: 4 stages, 6 s of traffic\n");
  const dir = join(own.path, "runs", readdirSync(join(own.path, "runs"))[0]!);
  const { ended } = JSON.parse(readFileSync(join(dir, "manifest.json"), "utf8")) as {
    readonly ended: { readonly flushes: unknown };
  };
  expect(ended.flushes).toMatchObject([
    { stage: "cold-cache", arm: "target", ok: true, outcome: "answered 200" },
  ]);
  const written: unknown = JSON.parse(readFileSync(join(dir, "probe.json"), "utf8"));
  const { cards } = resilienceSchema.parse(written);
  const coldOf = (name: string) => cards.find(({ dependency }) => dependency === name)?.cold;
  expect(coldOf("catalog")!.mostCallsPerRequest).toBeGreaterThan(
    coldOf("catalog")!.usualCallsPerRequest,
  );
  expect(coldOf("catalog")?.filling).not.toBeNull();
  expect(coldOf("payments")?.filling).toBeNull();
  expect(readFileSync(join(dir, "audit.ndjson"), "utf8")).toContain("caches flushed");
  expect(readFileSync(join(dir, "report.html"), "utf8")).toContain("cold cache (cold-cache)");
});
