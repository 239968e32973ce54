import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readObservations } from "../../src/measure/index.ts";
import { type Saturation, saturationSchema } from "../../src/report/index.ts";
import { ROOT, Running, Scratch, shakedown } from "./cli.ts";

const PROFILE = join(ROOT, "profiles/storefront.ndjson.gz");

/** A service that does 5 ms of work for one request at a time: 200/s, and not one more. */
const waiting: (() => void)[] = [];
let busy = false;
function work(): void {
  const answer = busy ? undefined : waiting.shift();
  if (answer === undefined) return;
  busy = true;
  setTimeout(() => {
    busy = false;
    answer();
    work();
  }, 5);
}
const server = createServer((request, response) => {
  request.resume();
  waiting.push(() => response.end("ok"));
  work();
});
let origin = "";
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const QUICK = ["--step", "1s", "--precision", "30%", "--timeout", "3s"];

const exact = ({ ledger }: Saturation["steps"][number]): boolean =>
  ledger.planned === ledger.responses + ledger.errors + ledger.dropped;

describe("shakedown saturate, as typed", () => {
  // A machine that stalls for longer than the limit shows no knee: it is asked again.
  it("finds a knee, with every start of every step accounted for", { retry: 2 }, async () => {
    using own = new Scratch();
    const at = join(own.path, "runs");
    const args = [
      PROFILE,
      "--target",
      origin,
      "--p99",
      "100ms",
      ...QUICK,
      "--arrivals",
      "uniform",
      "--out",
      at,
      "--json",
    ];
    const { code, stderr, stdout } = await shakedown("saturate", ...args);
    expect(code, stderr).toBe(0);
    const result = saturationSchema.parse(JSON.parse(stdout));
    const run = own.run();
    expect(readFileSync(join(run, "saturate.json"), "utf8")).toBe(stdout);
    expect(readFileSync(join(run, "saturate.html"), "utf8")).toContain("Content-Security-Policy");
    const [arm] = result.arms;
    expect(arm?.knee?.ratePerSec).toBeGreaterThan(50);
    expect(arm?.knee?.ratePerSec).toBeLessThan(220);
    expect(result.steps.length).toBeGreaterThan(1);
    for (const step of result.steps) {
      expect(exact(step), JSON.stringify(step)).toBe(true);
      const spools = step.observations.map((path) => join(run, path));
      expect(readObservations(...spools).rows).toBeGreaterThan(0);
    }
  });

  it("an interrupt keeps the steps so far, as incomplete", async () => {
    using own = new Scratch();
    const at = join(own.path, "runs");
    const args = ["saturate", PROFILE, "--target", origin, ...QUICK, "--runs", "9", "--out", at];
    const running = new Running(args);
    await running.until(/✓|✗/);
    running.child.kill("SIGINT");
    const { code, stdout } = await running.ended;
    expect(code).toBe(130);
    expect(stdout).toContain("Incomplete: interrupted");
    const text = readFileSync(join(own.run(), "saturate.json"), "utf8");
    const result = saturationSchema.parse(JSON.parse(text));
    expect(result.run).toMatchObject({ complete: false, incompleteBecause: "interrupted" });
    expect(result.steps.length).toBeGreaterThan(0);
    expect(result.steps.every(exact)).toBe(true);
  });

  it("a target that is not there is exit code 69, and leaves nothing behind", async () => {
    using own = new Scratch();
    const out = join(own.path, "runs");
    const args = ["saturate", PROFILE, "--target", "http://127.0.0.1:1", "--out", out];
    const { code, stderr } = await shakedown(...args);
    expect(code).toBe(69);
    expect(stderr).toContain("cannot reach http://127.0.0.1:1");
    expect(existsSync(out) ? readdirSync(out) : []).toEqual([]);
  });
});
