/*
 * The import of an access log beside GoAccess (Debian: `apt-get install goaccess`), both pinned to
 * the same core, reading the same file:
 *
 *     node test/bench/capture.bench.ts [megabytes] [core] [command]
 *
 * The command is the clone's, whose source takes about a second of processor time to start; after
 * `npm run build`, `dist/lib/main.js` is the one that is installed, and takes half of that.
 * A combined log is made (seeded: paths, clients and agents by Zipf's law, queries, some lines that
 * are none), 1,000 MB unless said otherwise. Told are lines per second of both, ours with all that
 * `shakedown capture` does (redaction, sessions, routes, the gzipped profile), GoAccess's with its
 * JSON report; and our peak of resident memory, for a tenth of the file, too: it should not grow.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { makeLog } from "./access-log.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const [megabytes = 1_000, core = 1] = process.argv.slice(2, 4).map(Number);
const COMMAND = join(ROOT, process.argv[4] ?? "src/cli/main.ts");
const say = (line: string): void => void process.stdout.write(`${line}\n`);
// Not the system's own temporary folder, which may be in memory.
const folder = mkdtempSync(join(process.cwd(), ".capture-bench-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
process.on("SIGINT", () => process.exit(130));

interface Timed {
  readonly seconds: number;
  /** Of its own work, user's and kernel's: what else ran on the core is not in it. */
  readonly cpuSeconds: number;
  readonly peakMb: number;
}

/** Runs a command on the core. */
function timed(command: readonly string[]): Timed {
  const startMs = performance.now();
  const args = ["-c", String(core), "/usr/bin/time", "-f", "%M %U %S", ...command];
  const { status, stderr } = spawnSync("taskset", args, { cwd: folder, encoding: "utf8" });
  const seconds = (performance.now() - startMs) / 1_000;
  if (status !== 0) throw new Error(`${command.join(" ")}: ${stderr}`);
  const [kB = 0, user = 0, system = 0] = stderr.trim().split("\n").at(-1)!.split(" ").map(Number);
  return { seconds, cpuSeconds: user + system, peakMb: kB / 1_024 };
}

const ours = (log: string) =>
  timed([process.execPath, COMMAND, "capture", log, "-o", `${log}.zst`]);
const goaccess = (log: string) =>
  timed(["goaccess", log, "--log-format=COMBINED", "-o", `${log}.json`, "--no-progress"]);

const [small, large] = [join(folder, "small.log"), join(folder, "large.log")];
makeLog(small, megabytes * 1e5);
const lines = makeLog(large, megabytes * 1e6);
const perSec = (seconds: number): string =>
  `${Math.round(lines / seconds).toLocaleString("en")} lines/s`;
const tell = (who: string, { cpuSeconds, seconds }: Timed): void =>
  say(
    `${who} ${perSec(seconds)}  (${seconds.toFixed(1)} s; ${cpuSeconds.toFixed(1)} s of CPU: ` +
      `${((cpuSeconds / lines) * 1e6).toFixed(2)} µs a line)`,
  );

say(
  `${lines.toLocaleString("en")} lines, ${Math.round(statSync(large).size / 1e6)} MB, core ${core}`,
);
const smaller = ours(small);
const mine = ours(large);
tell("shakedown ", mine);
const theirs = goaccess(large);
tell("goaccess  ", theirs);
say(
  `ratio      ${(theirs.seconds / mine.seconds).toFixed(2)}, of CPU time ` +
    `${(theirs.cpuSeconds / mine.cpuSeconds).toFixed(2)} (above 1: shakedown is faster)`,
);
say(
  `peak RSS   shakedown ${mine.peakMb.toFixed(0)} MB, ${smaller.peakMb.toFixed(0)} MB for a tenth; ` +
    `goaccess ${theirs.peakMb.toFixed(0)} MB`,
);
