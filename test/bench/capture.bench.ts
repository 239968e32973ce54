/*
 * The import of an access log beside GoAccess (Debian: `apt-get install goaccess`), both pinned to
 * the same core, reading the same file:
 *
 *     node test/bench/capture.bench.ts [megabytes] [core]
 *
 * A combined log is made (seeded: paths, clients and agents by Zipf's law, queries, some lines that
 * are none), 1,000 MB unless said otherwise. Told are lines per second of both, ours with all that
 * `shakedown capture` does (redaction, sessions, routes, the gzipped profile), GoAccess's with its
 * JSON report; and our peak of resident memory, for a tenth of the file, too: it should not grow.
 */
import { spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, rmSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { keyedDraw, seededPrng } from "../../src/core/index.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const [megabytes = 1_000, core = 1] = process.argv.slice(2).map(Number);
const CHUNK_LINES = 4_096;
const LINES_PER_SECOND = 400;
const FROM_MS = Date.UTC(2026, 2, 2);
const say = (line: string): void => void process.stdout.write(`${line}\n`);
// Not the system's own temporary folder, which may be in memory.
const folder = mkdtempSync(join(process.cwd(), ".capture-bench-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
process.on("SIGINT", () => process.exit(130));

const chance = seededPrng("an access log");
const below = (count: number): number => Math.floor(chance() * count);
/** A rank of 0…count−1, of which the r-th comes about as often as 1/(r+1). */
const zipf = (count: number): number => Math.floor((count + 1) ** chance()) - 1;
const part = (name: string, index: number): number =>
  Math.floor(keyedDraw(name, index).uniform("part") * 256);

const ip = (index: number): string => [1, 2, 3, 4].map((n) => part(`ip ${n}`, index)).join(".");
const AGENTS = Array.from({ length: 400 }, (_, i) => {
  const version = `${90 + (i % 50)}.0.${part("build", i) * 20}.${part("patch", i)}`;
  const systems = [
    "Windows NT 10.0; Win64; x64",
    "Macintosh; Intel Mac OS X 10_15_7",
    "X11; Linux",
  ];
  return i % 9 === 8
    ? `ExampleBot/2.${i} (+https://bot${i}.example/about)`
    : `Mozilla/5.0 (${systems[i % 3]!}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/${version} Safari/537.36`;
});
const WORDS = "red blue oak steel light small large old new fast slow warm".split(" ");
const slug = (index: number): string =>
  `${WORDS[index % 12]!}-${WORDS[Math.floor(index / 12) % 12]!}-${index}`;
const PAGES = ["/", "/cart", "/login", "/about", "/api/v1/stock", "/css/site.css", "/js/app.js"];

function target(): string {
  switch (below(10)) {
    case 0:
    case 1:
      return PAGES[zipf(PAGES.length)]!;
    case 2:
      return `/search?q=${slug(zipf(5_000))}&page=${below(9)}`;
    case 3:
      return `/api/v1/orders/${below(2_000_000)}`;
    case 4:
    case 5:
      return `/assets/img/${slug(zipf(3_000))}.jpg`;
    default:
      return `/products/${slug(zipf(20_000))}`;
  }
}

const MONTH = "Mar";
const two = (n: number): string => String(n).padStart(2, "0");
function stamp(line: number): string {
  const at = new Date(FROM_MS + Math.floor(line / LINES_PER_SECOND) * 1_000);
  const time = [at.getUTCHours(), at.getUTCMinutes(), at.getUTCSeconds()].map(two).join(":");
  return `${two(at.getUTCDate())}/${MONTH}/${at.getUTCFullYear()}:${time} +0000`;
}

function logLine(line: number): string {
  if (below(2_000) === 0)
    return `${ip(below(100))} - - [${stamp(line)}] "\\x16\\x03\\x01" 400 0 "-" "-"`;
  // A client has one agent.
  const client = zipf(200_000);
  const agent =
    AGENTS[part("agent", client) % 20 === 0 ? client % 400 : part("agent", client) % 40]!;
  const method = below(30) === 0 ? "POST" : "GET";
  const status = [200, 200, 200, 304, 404][zipf(5)]!;
  const referer = below(3) === 0 ? "-" : `https://shop.example/products/${slug(zipf(2_000))}`;
  const request = `${method} ${target()} HTTP/1.1`;
  return `${ip(client)} - - [${stamp(line)}] "${request}" ${status} ${below(60_000)} "${referer}" "${agent}"`;
}

/** Writes a log of about so many bytes; says how many lines it has. */
function makeLog(path: string, bytes: number): number {
  const file = openSync(path, "w");
  let [lines, written] = [0, 0];
  while (written < bytes) {
    const chunk = Array.from({ length: CHUNK_LINES }, () => `${logLine(lines++)}\n`);
    written += writeSync(file, chunk.join(""), null, "latin1");
  }
  closeSync(file);
  return lines;
}

/** Runs a command on the core; its seconds, and the most memory that it had, in MB. */
function timed(command: readonly string[]): { seconds: number; peakMb: number } {
  const startMs = performance.now();
  const args = ["-c", String(core), "/usr/bin/time", "-f", "%M", ...command];
  const { status, stderr } = spawnSync("taskset", args, { cwd: folder, encoding: "utf8" });
  const seconds = (performance.now() - startMs) / 1_000;
  if (status !== 0) throw new Error(`${command.join(" ")}: ${stderr}`);
  return { seconds, peakMb: Number(stderr.trim().split("\n").at(-1)) / 1_024 };
}

const ours = (log: string) =>
  timed([process.execPath, join(ROOT, "src/cli/main.ts"), "capture", log, "-o", `${log}.gz`]);
const goaccess = (log: string) =>
  timed(["goaccess", log, "--log-format=COMBINED", "-o", `${log}.json`, "--no-progress"]);

const [small, large] = [join(folder, "small.log"), join(folder, "large.log")];
makeLog(small, megabytes * 1e5);
const lines = makeLog(large, megabytes * 1e6);
const perSec = (seconds: number): string =>
  `${Math.round(lines / seconds).toLocaleString("en")} lines/s`;

say(
  `${lines.toLocaleString("en")} lines, ${Math.round(statSync(large).size / 1e6)} MB, core ${core}`,
);
const smaller = ours(small);
const mine = ours(large);
say(`shakedown  ${perSec(mine.seconds)}  (${mine.seconds.toFixed(1)} s)`);
const theirs = goaccess(large);
say(`goaccess   ${perSec(theirs.seconds)}  (${theirs.seconds.toFixed(1)} s)`);
say(`ratio      ${(theirs.seconds / mine.seconds).toFixed(2)} (above 1: shakedown is faster)`);
say(
  `peak RSS   shakedown ${mine.peakMb.toFixed(0)} MB, ${smaller.peakMb.toFixed(0)} MB for a tenth; ` +
    `goaccess ${theirs.peakMb.toFixed(0)} MB`,
);
