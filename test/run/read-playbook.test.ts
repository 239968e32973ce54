import { appendFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { AuditLog } from "../../src/experiment/index.ts";
import { readPlaybook } from "../../src/run/read-playbook.ts";
import { armDifferences, registration } from "../../src/run/registration.ts";
import { FIXTURES } from "../report/fixtures.ts";
import { NOW } from "./closed-run.ts";
import { scratch } from "./run-fixture.ts";

const folder = scratch();
afterAll(() => folder.remove());

const ARMS = {
  control: { command: "node shop.js", env: { POOL: "64", API_TOKEN: "one", SAME: "1" } },
  variant: {
    command: "node shop.js",
    env: { POOL: "4", API_TOKEN: "two", SAME: "1" },
    http2: true,
  },
};

function run(name: string, files: Readonly<Record<string, string>>): string {
  const path = join(folder.path, "runs", name);
  mkdirSync(path, { recursive: true });
  for (const [file, text] of Object.entries(files)) writeFileSync(join(path, file), text);
  return path;
}

function trail(path: string): void {
  const registered = { sha256: "a", plan: {} } as Parameters<typeof registration>[0]["registered"];
  const detail = registration({ registered, lock: null, loaded: { scenario: { arms: ARMS } } });
  new AuditLog(join(path, "audit.ndjson"), NOW).append("plan registered", detail);
}

describe("in what arms differ", () => {
  it("every setting is told, those named like secrets without their value", () => {
    const variant = { arm: "variant" };
    expect(armDifferences(ARMS)).toEqual([
      { ...variant, setting: "env.POOL", control: "64", value: "4" },
      { ...variant, setting: "env.API_TOKEN", control: "(not told)", value: "(not told)" },
      { ...variant, setting: "http2", control: null, value: "true" },
    ]);
    expect(armDifferences({ control: ARMS.control, variant: ARMS.control })).toEqual([]);
  });
});

describe("reading a folder of runs", () => {
  it("reads what is whole, and names what is not, with the reason", () => {
    const result = JSON.stringify(FIXTURES["ship"]!().result);
    const whole = run("whole", { "result.json": result });
    const broken = run("broken", { "result.json": result });
    for (const path of [whole, broken]) trail(path);
    appendFileSync(join(broken, "audit.ndjson"), "{}\n");
    run("killed", { "manifest.json": "{}" });
    run("older", { "result.json": '{"schemaVersion":1}' });
    run("cut", { "result.json": result.slice(0, 50) });
    run("knee", { "saturate.json": "{}" });
    run("none-of-ours", { "notes.txt": "" });
    const { runs, unread } = readPlaybook(join(folder.path, "runs"));
    expect(runs.map(({ directory }) => directory)).toEqual(["whole"]);
    expect(runs[0]).toMatchObject({ armsDiffer: armDifferences(ARMS), overrides: [] });
    expect(Object.fromEntries(unread.map(({ directory, why }) => [directory, why]))).toEqual({
      broken: expect.stringContaining("broken at line 2") as string,
      killed: expect.stringContaining("not judged") as string,
      older: expect.stringContaining("another version's") as string,
      cut: expect.stringContaining("cannot be read") as string,
      knee: expect.stringContaining("not a run") as string,
    });
  });

  it("refuses what holds no runs, and a run itself", () => {
    const alone = run("alone", { "result.json": "{}" });
    for (const [path, why] of [
      [join(folder.path, "nowhere"), /cannot be read/],
      [join(folder.path, "runs", "none-of-ours"), /holds no runs/],
      [alone, /is a run/],
    ] as const) {
      expect(() => readPlaybook(path)).toThrow(why);
    }
  });
});
