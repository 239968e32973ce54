/*
 * The memory that a replay of a large profile takes: the most that its process has resident, from
 * before the profile is read until the last answer, beside that with a profile a hundredth as long;
 * as captured and with three copies superposed, whose keys are renamed. And how long reading takes
 * before the first request.
 *
 *     node test/bench/big-profile.bench.ts [records] [rate] [seconds]
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setInterval as every } from "node:timers/promises";
import { type ProfileManifest, writeProfileLines } from "../../src/profile/index.ts";
import { ROOT, say, scratch, startRuler } from "./bed.ts";

const [records = 10_000_000, rate = 5_000, seconds = 10] = process.argv.slice(2).map(Number);
const PER_CHUNK = 1_000;
/** Of the catalogue, the users, and the routes. */
const [PRODUCTS, USERS, ROUTES] = [50_000, 200_000, 40];
const AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0";

/** A number that looks drawn, and is the same each time. */
const drawn = (i: number, below: number): number => (Math.imul(i + 1, 0x9e3779b1) % below) >>> 0;

function lineOf(i: number, gapNs: number): string {
  // The product of two even draws: some are asked for far more often than others.
  const product = Math.floor((drawn(i, PRODUCTS) * drawn(i * 7, PRODUCTS)) / PRODUCTS);
  const user = drawn(i * 13, USERS)
    .toString(16)
    .padStart(16, "5e");
  const route = drawn(i * 3, ROUTES);
  const method = i % 8 === 0 ? "POST" : "GET";
  return `${JSON.stringify({
    offsetNs: Math.round(i * gapNs),
    method,
    path: `/shop-${route}/products/${product}?page=${i % 9}`,
    headers: [
      ["accept", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"],
      ["accept-language", "en-GB,en;q=0.9"],
      ["user-agent", AGENT],
      ["cookie", `session=${user}; theme=dark`],
      ...(method === "POST" ? [["content-type", "application/json"]] : []),
    ],
    ...(method === "POST"
      ? { body: { encoding: "utf8", data: `{"quantity":${i % 5},"note":"grün ${i}"}` } }
      : {}),
    route: `${method} /shop-${route}/products/{id}`,
    status: 200,
    session: user,
  })}\n`;
}

const manifestOf = (count: number, gapNs: number): ProfileManifest => ({
  shakedownProfile: 1,
  name: "big",
  source: [],
  provenance: { madeBy: "big-profile.bench.ts" },
  timePrecisionNs: 1,
  durationNs: Math.round((count - 1) * gapNs),
  counts: { records: count, routes: 2 * ROUTES, sessions: USERS, bodies: Math.ceil(count / 8) },
  ledger: { records: count, kept: count, filtered: 0, rejected: [] },
  redaction: { enabled: false, values: [] },
  warnings: [],
});

/** Writes a profile of so many records at the wanted rate; its path. */
async function profileOf(count: number): Promise<string> {
  const path = join(scratch, `${count}.ndjson.gz`);
  const gapNs = 1e9 / rate;
  function* lines(): Generator<Buffer> {
    for (let from = 0; from < count; from += PER_CHUNK) {
      const until = Math.min(from + PER_CHUNK, count);
      let text = "";
      for (let i = from; i < until; i++) text += lineOf(i, gapNs);
      yield Buffer.from(text);
    }
  }
  await writeProfileLines(path, { lines: lines(), manifest: () => manifestOf(count, gapNs) });
  return path;
}

/** The most that a process had resident until now; undefined of one that has ended. */
function peakMbOf(pid: number): number | undefined {
  const kb = /^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return kb === undefined ? undefined : Number(kb) / 1_024;
}

interface Measured {
  readonly peakMb: number;
  readonly beforeS: number;
}

/** The process ends before it judges: that is not what is measured. */
async function replayed(profile: string, flags: readonly string[]): Promise<Measured> {
  const ruler = await startRuler();
  const out = mkdtempSync(join(scratch, "runs-"));
  const args = ["replay", profile, "--target", ruler.origin, "--duration", `${seconds}s`];
  const begunMs = performance.now();
  const child = spawn(
    process.execPath,
    [join(ROOT, "src/cli/main.ts"), ...args, ...flags, "--out", out],
    { cwd: ROOT, stdio: ["ignore", "pipe", "inherit"] },
  );
  const exited = once(child, "exit");
  let [beforeS, peakMb] = [Number.NaN, 0];
  child.stdout.on("data", (chunk: Buffer) => {
    const text = chunk.toString("utf8");
    if (text.includes("replaying")) beforeS = (performance.now() - begunMs) / 1_000;
    if (text.includes("judging")) child.kill("SIGKILL");
  });
  const watching = new AbortController();
  void exited.then(() => watching.abort());
  try {
    for await (const _ of every(100, undefined, { signal: watching.signal })) {
      peakMb = peakMbOf(child.pid!) ?? peakMb;
    }
  } catch {
    // It has ended.
  }
  await exited;
  await ruler.stop();
  rmSync(out, { recursive: true, force: true });
  return { peakMb, beforeS };
}

const RUNS: readonly (readonly [what: string, flags: readonly string[]])[] = [
  ["as captured", []],
  ["--rate 3x", ["--rate", "3x"]],
];
for (const count of [Math.round(records / 100), records]) {
  const profile = await profileOf(count);
  for (const [what, flags] of RUNS) {
    const { beforeS, peakMb } = await replayed(profile, [...flags, "--loop"]);
    say(
      `${count} records, ${what}: at most ${peakMb.toFixed(0)} MB resident; ` +
        `${beforeS.toFixed(1)} s until the first request`,
    );
  }
  rmSync(profile);
}
