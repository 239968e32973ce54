import { existsSync, readFileSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { brokenAuditLine } from "../../src/experiment/index.ts";
import { readCalls, readObservations } from "../../src/measure/index.ts";
import { type Result, RESULT_SCHEMA_VERSION, resultSchema } from "../../src/report/index.ts";
import { RunDirectory } from "../../src/run/index.ts";
import { alive, type Ended, ROOT, Running, scenarioText, Scratch, shakedown } from "./cli.ts";

const resultOf = (run: string): Result =>
  resultSchema.parse(JSON.parse(readFileSync(join(run, "result.json"), "utf8")));

interface ManifestView {
  readonly targets: readonly { readonly arm: string; readonly pid: number }[];
  readonly ended: { readonly exitCode: number; readonly incompleteBecause: string | null } | null;
}
const manifestOf = (run: string): ManifestView =>
  JSON.parse(readFileSync(join(run, "manifest.json"), "utf8")) as ManifestView;

function begin(scratch: Scratch, text = scenarioText(), ...flags: string[]): Running {
  const scenario = scratch.file("short.yaml", text);
  return new Running(["run", scenario, "--out", join(scratch.path, "runs"), ...flags]);
}

/** Beats that come late make it another second than the fifth. */
const FIRST_PROGRESS = /\d s: control/;

const LONG = "[ { name: all, rate: 100%, for: 60s } ]";

describe("a run from end to end", () => {
  const whole = new Scratch();
  let ended: Ended;
  beforeAll(async () => {
    // A machine that stands still for two seconds is no harm of the variant's.
    ended = await begin(whole, scenarioText({ extra: "stop: { harm: false }" })).ended;
  }, 60_000);
  afterAll(() => whole[Symbol.dispose]());

  it("leaves a whole run directory whose ledger is exact and that judges the same again", async () => {
    const { code, stderr, stdout } = ended;
    expect(stderr).toBe("");
    const run = whole.run();
    const result = resultOf(run);
    // On a busy machine the instrument itself may be late, which is a hold; never a crash.
    expect([0, 1, 2]).toContain(code);
    expect(stdout).toMatch(/SHIP|HOLD|ROLL BACK/);
    for (const name of ["plan.json", "manifest.json", "audit.ndjson", "report.html", "report.md"]) {
      expect(existsSync(join(run, name)), name).toBe(true);
    }
    const observations = readObservations(...new RunDirectory(run).observationSpools());
    for (const arm of ["control", "variant"]) {
      const { dropped, errors, planned, responses } = result.arms[arm]!;
      expect(planned).toBe(responses + errors + dropped);
      expect(planned).toBe(observations.rows / 2);
      expect(errors).toBe(0);
    }
    expect(result.run.complete).toBe(true);
    expect(brokenAuditLine(readFileSync(join(run, "audit.ndjson"), "utf8"))).toBeNull();
    const before = readFileSync(join(run, "result.json"), "utf8");
    await shakedown("report", run);
    expect(readFileSync(join(run, "result.json"), "utf8")).toBe(before);
    const verified = await shakedown("verify", run);
    expect(verified.stdout).toContain("verified: ");
    expect(verified.code).toBe(0);
  });

  it("gives both arms the same luck at every emulated call", () => {
    const calls = readCalls(join(whole.run(), "emulated", "calls.spool"));
    const meantByArm = new Map<string, number[]>();
    for (const call of calls) {
      expect(call.seq).toBeGreaterThanOrEqual(0);
      const id = `${call.dependency}/${call.seq}/${call.key}/${call.attempt}`;
      meantByArm.set(id, [...(meantByArm.get(id) ?? []), call.meantDelayUs]);
    }
    const shared = [...meantByArm.values()].filter((delays) => delays.length === 2);
    expect(shared.length).toBeGreaterThan(100);
    expect(shared.filter(([control, variant]) => control !== variant)).toEqual([]);
  });
});

describe("an experiment of two runs", () => {
  it("does both with fresh processes, slots swapped, and judges and exports them as one", async () => {
    using scratch = new Scratch();
    const stages = "[ { name: all, rate: 100%, for: 2s } ]";
    const extra = "stop: { harm: false }";
    const text = scenarioText({ stages, extra }).replace("betweenRunSd: 1%", "runs: 2");
    const { code, stderr, stdout } = await begin(scratch, text).ended;
    expect(stderr).toBe("");
    // Two seconds are too little to judge.
    expect(code).toBe(2);
    expect(stdout).toMatch(/run 2 of 2: (control|variant) is started first/);
    const run = scratch.run();
    const { arms, runs = [] } = resultOf(run);
    expect(runs.map(({ complete, judged }) => complete && judged)).toEqual([true, true]);
    expect(runs[1]!.slots).toEqual(runs[0]!.slots.toReversed());
    const pids = [1, 2].flatMap((each) =>
      manifestOf(join(run, "runs", String(each))).targets.map(({ pid }) => pid),
    );
    expect(new Set(pids).size).toBe(4);
    const rows = (await shakedown("export", run)).stdout.trimEnd().split("\n");
    expect(rows.length - 1).toBe(2 * arms["control"]!.planned);
    expect(new Set(rows.slice(1).map((row) => row.split(",")[0]))).toEqual(new Set(["1", "2"]));
    const before = readFileSync(join(run, "result.json"), "utf8");
    await shakedown("report", run);
    expect(readFileSync(join(run, "result.json"), "utf8")).toBe(before);
  }, 180_000);
});

describe("a run that is cut short", () => {
  it("keeps what was measured when the variant is killed, says so, and exits 69", async () => {
    using scratch = new Scratch();
    const running = begin(scratch, scenarioText({ stages: LONG }));
    await running.until(FIRST_PROGRESS);
    const { targets } = manifestOf(scratch.run());
    process.kill(targets.find(({ arm }) => arm === "variant")!.pid, "SIGKILL");
    const { code, stdout } = await running.ended;
    expect(code).toBe(69);
    expect(stdout).toMatch(/arm variant \(process \d+\) was ended by SIGKILL during the run/);
    const result = resultOf(scratch.run());
    expect(result.decision).toBe("hold");
    expect(result.reason).toMatch(/^incomplete: /);
    expect(result.run.complete).toBe(false);
    for (const { dropped, dropCounts, errors, planned, responses } of Object.values(result.arms)) {
      expect(responses).toBeGreaterThan(100);
      expect(dropCounts["run-stopped"]).toBe(dropped);
      expect(planned).toBe(responses + errors + dropped);
    }
    for (const { pid } of targets) expect(alive(pid)).toBe(false);
  });

  it("keeps what was measured on Ctrl-C and exits 130", async () => {
    using scratch = new Scratch();
    const running = begin(scratch, scenarioText({ stages: LONG }));
    await running.until(FIRST_PROGRESS);
    running.child.kill("SIGINT");
    const { code, stdout } = await running.ended;
    expect(code).toBe(130);
    expect(stdout).toMatch(/stopping: interrupted; keeping what was measured/);
    const result = resultOf(scratch.run());
    expect(result.reason).toBe("incomplete: interrupted");
    expect(result.arms["control"]!.responses).toBeGreaterThan(100);
    for (const { pid } of manifestOf(scratch.run()).targets) expect(alive(pid)).toBe(false);
  });

  it("leaves a run that can be judged when it is killed outright", async () => {
    using scratch = new Scratch();
    const running = begin(scratch, scenarioText({ stages: LONG }));
    await running.until(FIRST_PROGRESS);
    const { targets } = manifestOf(scratch.run());
    running.child.kill("SIGKILL");
    await running.ended;
    await expect.poll(() => targets.filter(({ pid }) => alive(pid))).toEqual([]);
    const { code } = await shakedown("report", scratch.run());
    expect(code).toBe(2);
    const result = resultOf(scratch.run());
    expect(result.reason).toMatch(/ended before it could finish/);
    expect(result.arms["control"]!.responses).toBeGreaterThan(50);
  });

  it("leaves nothing behind when it is interrupted before the first request", async () => {
    using scratch = new Scratch();
    const control = JSON.stringify({
      command: "node -e setInterval(()=>{},1000)",
      readyWithin: "30s",
    });
    const running = begin(scratch, scenarioText({ control }));
    await running.until(/starting arm control/);
    running.child.kill("SIGINT");
    const { code, stderr } = await running.ended;
    expect(code).toBe(130);
    expect(stderr).toMatch(/interrupted before the first request/);
    expect(() => scratch.run()).toThrow(/found none/);
  });
});

describe("a target that ran already", () => {
  const answering = async (status: number) => {
    const server = createHttpServer((request, response) => {
      request.resume();
      response.writeHead(request.url === "/" ? 200 : status).end("x".repeat(200));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const close = (): void => {
      server.closeAllConnections();
      server.close();
    };
    return { arm: JSON.stringify({ url: `http://127.0.0.1:${port}` }), close };
  };

  it("and goes away in mid-run ends the run, which says who and exits 69", async () => {
    using scratch = new Scratch();
    const [control, variant] = [await answering(200), await answering(200)];
    const arms = { control: control.arm, variant: variant.arm };
    const running = begin(scratch, scenarioText({ ...arms, stages: LONG }));
    await running.until(FIRST_PROGRESS);
    variant.close();
    const { code, stdout } = await running.ended;
    control.close();
    expect(stdout).toMatch(/arm variant at http:\S+ took no connection for 3 s/);
    expect(code).toBe(69);
  });

  it("and refuses what control answers does not ship; --json prints that, and nothing else", async () => {
    using scratch = new Scratch();
    const [control, variant] = [await answering(200), await answering(404)];
    const arms = { control: control.arm, variant: variant.arm };
    const { code, stdout } = await begin(scratch, scenarioText(arms), "--json").ended;
    control.close();
    variant.close();
    const result = resultOf(scratch.run());
    const printed: unknown = JSON.parse(stdout);
    expect(printed).toMatchObject({ schemaVersion: RESULT_SCHEMA_VERSION });
    expect(resultSchema.parse(printed)).toEqual(result);
    expect(code).toBe(result.decision === "hold" ? 2 : 1);
    expect(result.decision).not.toBe("ship");
    const errors = result.comparisons.find(({ metric }) => metric === "error_ratio");
    expect(errors).toMatchObject({ status: "harm", control: 0 });
    expect(errors?.variant).toBeGreaterThan(0.5);
  });
});

describe("a run that cannot begin", () => {
  it("names the line and column of a wrong field and exits 65", async () => {
    using scratch = new Scratch();
    const { code, stderr } = await begin(scratch, scenarioText({ extra: "guardrial: []\n" })).ended;
    expect(code).toBe(65);
    expect(stderr).toMatch(/short\.yaml:\d+:1 .*guardrial/);
  });

  it("refuses a profile that is cut in half and exits 65", async () => {
    using scratch = new Scratch();
    const whole = readFileSync(join(ROOT, "profiles/storefront.ndjson.gz"));
    const profile = scratch.file("half.ndjson.gz", whole.subarray(0, whole.length / 2));
    const { code, stderr } = await begin(scratch, scenarioText({ profile })).ended;
    expect(code).toBe(65);
    expect(stderr).toMatch(/half\.ndjson\.gz/);
  });

  it("names a port that is in use and exits 69", async () => {
    using scratch = new Scratch();
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const control = JSON.stringify({ command: "node x.js", port });
    const { code, stderr } = await begin(scratch, scenarioText({ control })).ended;
    server.close();
    expect(code).toBe(69);
    expect(stderr).toContain(`port ${port} on 127.0.0.1 is taken`);
  });

  it("repeats the last words of a target that ends before it is ready", async () => {
    using scratch = new Scratch();
    const { code, stderr } = await begin(
      scratch,
      scenarioText({ variantEnv: { PAYMENT_POOL: "many" } }),
    ).ended;
    expect(code).toBe(69);
    expect(stderr).toMatch(/arm variant ended with exit code 1 before it was ready/);
    expect(stderr).toMatch(/PAYMENT_POOL must be a whole number/);
  });
});
