import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));
/** The command: as it is installed, in a run of the tests (../bundled.mjs), else its source. */
export const MAIN = process.env["SHAKEDOWN_MAIN"] ?? join(ROOT, "src/cli/main.ts");

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command line that is under way. */
export class Running {
  readonly child: ChildProcess;
  stdout = "";
  stderr = "";
  readonly ended: Promise<Ended>;
  #listeners: (() => void)[] = [];

  constructor(
    args: readonly string[],
    options: { cwd?: string; env?: Record<string, string> } = {},
  ) {
    this.child = spawn(process.execPath, [MAIN, ...args], {
      cwd: options.cwd ?? ROOT,
      env: { ...process.env, ...options.env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.child.stdout?.on("data", (chunk: Buffer) => this.#said("stdout", chunk));
    this.child.stderr?.on("data", (chunk: Buffer) => this.#said("stderr", chunk));
    this.ended = new Promise((resolve) => {
      this.child.once("close", (code) => {
        resolve({ code, stdout: this.stdout, stderr: this.stderr });
        for (const listener of this.#listeners) listener();
      });
    });
  }

  /** Resolves when the output so far (of both streams) matches; rejects when it ended without. */
  async until(pattern: RegExp): Promise<void> {
    while (!pattern.test(this.stdout + this.stderr)) {
      if (this.child.exitCode !== null || this.child.signalCode !== null) {
        throw new Error(`ended without ${String(pattern)}:\n${this.stdout}\n${this.stderr}`);
      }
      const heard = Promise.withResolvers<void>();
      this.#listeners.push(() => heard.resolve());
      await heard.promise;
    }
  }

  #said(stream: "stdout" | "stderr", chunk: Buffer): void {
    this[stream] += chunk.toString("utf8");
    const listeners = this.#listeners;
    this.#listeners = [];
    for (const listener of listeners) listener();
  }
}

export function shakedown(...args: string[]): Promise<Ended> {
  return new Running(args).ended;
}

/** A folder that goes away with the test. */
export class Scratch {
  readonly path = mkdtempSync(join(tmpdir(), "shakedown-e2e-"));

  file(name: string, content: string | Buffer): string {
    const path = join(this.path, name);
    writeFileSync(path, content);
    return path;
  }

  /** The one run directory made below `out`. */
  run(out = "runs"): string {
    const names = readdirSync(join(this.path, out));
    if (names.length !== 1)
      throw new Error(`expected one run, found ${names.join(", ") || "none"}`);
    return join(this.path, out, names[0]!);
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

export interface ScenarioChanges {
  readonly variantEnv?: Readonly<Record<string, string>>;
  readonly stages?: string;
  readonly profile?: string;
  readonly control?: string;
  readonly variant?: string;
  readonly extra?: string;
}

/** A short scenario on the shipped storefront and profile. */
export function scenarioText(changes: ScenarioChanges = {}): string {
  const storefront = join(ROOT, "scenarios/services/storefront.ts");
  const arm = (env: Readonly<Record<string, string>>): string =>
    JSON.stringify({ command: `node ${storefront}`, ready: "/healthz", env });
  return `scenario: a short one
profile: ${changes.profile ?? join(ROOT, "profiles/storefront.ndjson.gz")}
rate: 100/s
arms:
  control: ${changes.control ?? arm({})}
  variant: ${changes.variant ?? arm(changes.variantEnv ?? {})}
dependencies:
  payments: { latency: { kind: constant, value: 40ms } }
  catalog: { latency: { kind: lognormal, median: 10ms, p99: 40ms }, cacheTtl: 60s }
  reviews: { latency: { kind: constant, value: 20ms } }
hypothesis:
  if: nothing is changed
  then: { metric: response_time_p50, margin: 50% }
guardrails: [ { metric: error_ratio, margin: 2% } ]
stages: ${changes.stages ?? "[ { name: warm-up, rate: 50%, for: 1s, judge: false }, { name: all, rate: 100%, for: 6s, settle: 500ms } ]"}
design: { block: 250ms, betweenRunSd: 1% }
timeout: 20s
${changes.extra ?? ""}`;
}

/** Whether a process is still there. */
export function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
