/*
 * How much the resident memory of a replay grows between its first and its fifth million requests.
 *
 *     node test/bench/generator-memory.bench.ts [millions] [rate]
 */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT, say, scratch, smallProfile, startRuler } from "./bed.ts";

const [millions = 5, rate = 25_000] = process.argv.slice(2).map(Number);
const seconds = (millions * 1e6) / rate;

const rssMb = (pid: number): number => {
  const kb = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return Number(kb) / 1_024;
};

const ruler = await startRuler();
const out = mkdtempSync(join(scratch, "runs-"));
const flags = ["--rate", `${rate}/s`, "--arrivals", "uniform", "--duration", `${seconds}s`];
const child = spawn(
  process.execPath,
  [
    join(ROOT, "src/cli/main.ts"),
    "replay",
    smallProfile(),
    "--target",
    ruler.origin,
    ...flags,
    "--out",
    out,
  ],
  { cwd: ROOT, stdio: ["ignore", "pipe", "inherit"] },
);
const sampled: { readonly sent: number; readonly rss: number }[] = [];
let begunMs = 0;
child.stdout.on("data", (chunk: Buffer) => {
  const text = chunk.toString("utf8");
  if (text.includes("replaying")) begunMs = performance.now();
  if (text.includes("judging")) child.kill("SIGKILL");
});
const sampling = setInterval(() => {
  if (begunMs === 0 || child.pid === undefined || child.exitCode !== null) return;
  const sent = ((performance.now() - begunMs) / 1_000) * rate;
  if (sent > millions * 1e6) return;
  try {
    sampled.push({ sent, rss: rssMb(child.pid) });
  } catch {
    // It ended between two looks.
  }
}, 250);
await new Promise((resolve) => child.once("exit", resolve));
clearInterval(sampling);
await ruler.stop();

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
/** Over the second half of a million, so that one moment before a garbage collection does not count. */
const during = (million: number): number =>
  median(
    sampled.flatMap(({ rss, sent }) =>
      sent > (million - 0.5) * 1e6 && sent <= million * 1e6 ? [rss] : [],
    ),
  );
for (let million = 1; million <= millions; million++) {
  say(`million ${million}: ${during(million).toFixed(0)} MB`);
}
say(`growth from the first to the last million: ${(during(millions) - during(1)).toFixed(1)} MB`);
