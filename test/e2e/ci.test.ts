import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { describe, expect, it } from "vitest";
import { resultSchema } from "../../src/report/index.ts";
import { MAIN, ROOT, scenarioText, Scratch } from "./cli.ts";

/* The pipelines that README.md shows, by running what they would run. */

interface Step {
  readonly id?: string;
  readonly run?: string;
}
interface Workflow {
  readonly jobs: { readonly shakedown: { readonly steps: readonly Step[] } };
}
interface Pipeline {
  readonly shakedown: {
    readonly script: readonly string[];
    readonly artifacts: {
      readonly reports: { readonly junit: string; readonly codequality: string };
    };
  };
}

const readme = readFileSync(join(ROOT, "README.md"), "utf8");
const shown = (file: string): unknown =>
  parse(readme.split(`# ${file}\n`)[1]!.split("\n```")[0]!) as unknown;

/** A checkout with a short scenario, in which `npx` finds this shakedown and `npm ci` has been done. */
function checkout(): Scratch {
  const place = new Scratch();
  for (const folder of ["scenarios", "bin"]) mkdirSync(join(place.path, folder));
  const stages = "[ { name: all, rate: 30%, for: 3s, settle: 500ms } ]";
  place.file("scenarios/payment-pool.yaml", scenarioText({ stages }));
  const npx = `#!/bin/sh\nshift\nexec "${process.execPath}" "${MAIN}" "$@"\n`;
  chmodSync(place.file("bin/npx", npx), 0o755);
  chmodSync(place.file("bin/npm", "#!/bin/sh\n"), 0o755);
  return place;
}

/** As runners run a step: its exit code, and what it printed. */
function step({ path: cwd }: Scratch, script: string, given: Readonly<Record<string, string>>) {
  const env = { ...process.env, ...given, PATH: `${join(cwd, "bin")}:${process.env["PATH"]}` };
  const flags = ["--noprofile", "--norc", "-eo", "pipefail", "-c", script];
  return spawnSync("bash", flags, { cwd, env, encoding: "utf8" });
}

const CODES = { ship: 0, "roll-back": 1, hold: 2 } as const;

describe("the pipelines in README.md", () => {
  const github = (shown(".github/workflows/shakedown.yml") as Workflow).jobs.shakedown.steps;
  const gitlab = (shown(".gitlab-ci.yml") as Pipeline).shakedown;
  const scripts = github.flatMap(({ run }) => (run === undefined ? [] : [run]));

  it("run the same on both hosts", () => {
    expect(gitlab.script).toEqual(scripts.slice(0, 2));
    expect(github.find(({ run }) => run === scripts[1])?.id).toBe("shakedown");
  });

  it("end as the verdict says, with summary, outputs, annotations and the reports", () => {
    using place = checkout();
    const made = (path: string): string => readFileSync(join(place.path, path), "utf8");
    const env = {
      GITHUB_ACTIONS: "true",
      GITHUB_STEP_SUMMARY: place.file("summary", "# before\n"),
      GITHUB_OUTPUT: place.file("output", ""),
    };
    expect(step(place, scripts[0]!, env).status).toBe(0);
    const { status, stderr, stdout } = step(place, scripts[1]!, env);
    expect(stderr).toBe("");
    const lines = made("output").trimEnd().split("\n");
    const outputs = Object.fromEntries(lines.map((line) => line.split("=") as [string, string]));
    const { decision } = resultSchema.parse(JSON.parse(made(join(outputs["run"]!, "result.json"))));
    expect(outputs["decision"]).toBe(decision);
    expect(status).toBe(CODES[decision!]);
    expect(made("summary")).toBe(`# before\n${made("runs/report.md")}\n`);
    expect(made("runs/report.md")).toBe(made(join(outputs["run"]!, "report.md")));
    const { codequality, junit } = gitlab.artifacts.reports;
    expect(made(junit)).toBe(made(join(outputs["run"]!, "junit.xml")));
    expect(Array.isArray(JSON.parse(made(codequality)))).toBe(true);
    // oxlint-disable-next-line no-control-regex -- colours begin with it
    expect(stdout).not.toMatch(/\u001b/);
    const [, token] = /^::stop-commands::(.+)$/m.exec(stdout)!;
    const printed = stdout.trimEnd().split("\n");
    const heeded = printed.slice(printed.indexOf(`::${token}::`) + 1);
    expect(heeded.length).toBeGreaterThan(0);
    expect(heeded.filter((line) => !/^::(?:error|warning|notice) file=scen/.test(line))).toEqual(
      [],
    );
  }, 240_000);
});
