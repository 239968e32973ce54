/*
 * What the benchmarks of the generator share: the ruler (an outside observer, see ruler/ruler.c),
 * and ours and its peers as processes of their own, the server on core 0, the generator on core 1.
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type Result, resultSchema } from "../../src/report/index.ts";
import { freePort } from "../../src/run/free-port.ts";

/*
 * A process that is idle for eight seconds collects its garbage: 25 to 60 ms of the generator's core,
 * by threads that are not pinned, in the middle of what is measured. V8 hears of it at its start only.
 */
const NO_IDLE_GARBAGE = "--no-memory-reducer";
if (!process.execArgv.includes(NO_IDLE_GARBAGE)) {
  const args = [NO_IDLE_GARBAGE, ...process.execArgv, ...process.argv.slice(1)];
  process.exit(spawnSync(process.execPath, args, { stdio: "inherit" }).status ?? 1);
}

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));
export const scratch = mkdtempSync(join(tmpdir(), "shakedown-bench-"));
process.on("exit", () => rmSync(scratch, { recursive: true, force: true }));

export const say = (line = ""): void => void process.stdout.write(`${line}\n`);
export const ratio = (ours: number, peer: number): string => (ours / peer).toFixed(2);

const SERVER_CORE = "0";
const GENERATOR_CORE = "1";

let compiled: string | undefined;

function rulerBinary(): string {
  if (compiled === undefined) {
    compiled = join(scratch, "ruler");
    execFileSync("cc", ["-O2", "-o", compiled, join(ROOT, "test/bench/ruler/ruler.c")]);
  }
  return compiled;
}

/** Resolves once something listens there. */
export async function listening(port: number): Promise<void> {
  for (let i = 0; i < 100; i++) {
    const socket = connect(port, "127.0.0.1");
    const up = await Promise.race([
      once(socket, "connect").then(() => true),
      once(socket, "error").then(() => false),
    ]).catch(() => false);
    socket.destroy();
    if (up) return;
    await delay(50);
  }
  throw new Error(`nothing listens on port ${port}`);
}

export interface Ruler {
  readonly origin: string;
  readonly port: number;
  /** Ends it; when each request arrived, in ns on its own clock. */
  stop(): Promise<Float64Array>;
}

/** A server that answers at once, notes when each request came, and may freeze once. */
export async function startRuler(
  options: {
    readonly bodyBytes?: number;
    readonly stallAtMs?: number;
    readonly stallMs?: number;
  } = {},
): Promise<Ruler> {
  const port = await freePort();
  const dump = join(scratch, `dump-${port}`);
  const { bodyBytes = 64, stallAtMs, stallMs } = options;
  const stall = stallMs === undefined ? [] : [String(stallAtMs), String(stallMs)];
  const args = ["-c", SERVER_CORE, rulerBinary(), String(port), dump, String(bodyBytes), ...stall];
  const child = spawn("taskset", args, { stdio: ["ignore", "ignore", "inherit"] });
  await listening(port);
  return {
    origin: `http://127.0.0.1:${port}`,
    port,
    async stop() {
      const ended = once(child, "exit");
      child.kill("SIGTERM");
      await ended;
      const bytes = readFileSync(dump);
      rmSync(dump);
      const stamps = new BigInt64Array(bytes.buffer, bytes.byteOffset, bytes.length >> 3);
      return Float64Array.from(stamps, Number);
    },
  };
}

export interface Arrivals {
  readonly achievedPerSec: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly maxUs: number;
}

/** What the ruler saw of a uniform schedule, its first `skipS` and its end left out. */
export function arrivalsOf(stampsNs: Float64Array, ratePerSec: number, skipS = 1): Arrivals {
  const firstNs = stampsNs[0] ?? 0;
  const endNs = (stampsNs.at(-1) ?? 0) - firstNs - 0.2e9;
  const kept = stampsNs
    .map((atNs) => atNs - firstNs)
    .filter((at) => at >= skipS * 1e9 && at <= endNs);
  const periodNs = 1e9 / ratePerSec;
  const offsets = kept.map((atNs, i) => atNs - i * periodNs);
  const best = offsets.reduce((least, offset) => Math.min(least, offset), Infinity);
  const lagUs = offsets.map((offset) => (offset - best) / 1e3).toSorted();
  const at = (p: number): number =>
    lagUs[Math.min(lagUs.length - 1, Math.floor(lagUs.length * p))]!;
  const spanNs = kept.at(-1)! - kept[0]!;
  return {
    achievedPerSec: ((kept.length - 1) / spanNs) * 1e9,
    p50Us: at(0.5),
    p99Us: at(0.99),
    maxUs: lagUs.at(-1)!,
  };
}

function pinned(command: string, args: readonly string[]): ChildProcess {
  return spawn("taskset", ["-c", GENERATOR_CORE, command, ...args], {
    cwd: ROOT,
    stdio: ["ignore", "pipe", "inherit"],
  });
}

async function outputOf(child: ChildProcess): Promise<string> {
  let text = "";
  child.stdout?.on("data", (chunk: Buffer) => (text += chunk.toString("utf8")));
  await once(child, "close");
  return text;
}

export interface OurRun {
  readonly result: Result;
  readonly directory: string;
}

/** A profile of one small request. */
export function smallProfile(): string {
  const path = join(scratch, "small.log");
  if (!existsSync(path)) {
    const line =
      '127.0.0.1 - - [01/Jan/2026:00:00:00 +0000] "GET /products/42?q=a HTTP/1.1" 200 64';
    writeFileSync(path, `${line} "-" "bench"\n`);
  }
  return path;
}

/** `shakedown replay` on the generator's core, with everything recorded as always. */
export async function ourReplay(profile: string, args: readonly string[]): Promise<OurRun> {
  const out = mkdtempSync(join(scratch, "runs-"));
  const fixed = ["--out", out, "--json", "--exit-zero"];
  const main = join(ROOT, "src/cli/main.ts");
  const text = await outputOf(
    spawn(
      "taskset",
      ["-c", GENERATOR_CORE, process.execPath, main, "replay", profile, ...args, ...fixed],
      {
        cwd: ROOT,
        stdio: ["ignore", "pipe", "ignore"],
      },
    ),
  );
  const result = resultSchema.parse(JSON.parse(text));
  return { result, directory: out };
}

/** Closed loop: requests per second with one thread and 50 connections. */
export async function wrkPerSec(origin: string, seconds: number): Promise<number> {
  const text = await outputOf(
    pinned("wrk", ["-t1", "-c50", `-d${seconds}`, `${origin}/products/42?q=a`]),
  );
  return Number(/Requests\/sec:\s+([\d.]+)/.exec(text)?.[1]);
}

/** Closed loop: autocannon with 50 connections. */
export async function autocannonPerSec(origin: string, seconds: number): Promise<number> {
  const script = join(ROOT, "node_modules/autocannon/autocannon.js");
  const args = [script, "-j", "-n", "-c", "50", "-d", String(seconds), `${origin}/products/42?q=a`];
  const text = await outputOf(
    spawn("taskset", ["-c", GENERATOR_CORE, process.execPath, ...args], {
      stdio: ["ignore", "pipe", "ignore"],
    }),
  );
  const { requests } = JSON.parse(text) as { requests: { average: number } };
  return requests.average;
}

/** A bare node:net client in a timed loop: what this machine allows a JavaScript generator. */
export async function bareLoop(port: number, ratePerSec: number, seconds: number): Promise<void> {
  const script = join(ROOT, "test/bench/bare-loop.ts");
  await outputOf(
    pinned(process.execPath, [script, String(port), String(ratePerSec), String(seconds)]),
  );
}

/** Ends a process of ours, gently if it will. */
export async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  await Promise.race([ended, delay(3_000, null, { ref: false })]);
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGKILL");
  await ended;
}
