/*
 * The ruler freezes for one second under 5,000 requests a second. The requests that were meant to
 * start meanwhile wait between 0 and 1 s, evenly spread, and then for those before them, since
 * target and generator take time to catch up; what a generator reports must say so. It is held
 * against the even spread, and against what the ruler itself saw of each request.
 * Beside ours: autocannon at the same rate, which waits with the target.
 *
 *     node test/bench/coordinated-omission.bench.ts [rate] [seconds]
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import {
  Histogram,
  readObservations,
  responseTimeUs,
  serviceTimeUs,
} from "../../src/measure/index.ts";
import { RunDirectory } from "../../src/run/index.ts";
import { ourReplay, ROOT, say, smallProfile, startRuler } from "./bed.ts";

const [rate = 5_000, seconds = 10] = process.argv.slice(2).map(Number);
const STALL_MS = 1_000;
const STALL_AT_MS = 4_000;

const ruler = await startRuler({ stallAtMs: STALL_AT_MS, stallMs: STALL_MS });
const flags = ["--rate", `${rate}/s`, "--arrivals", "uniform", "--duration", `${seconds}s`];
const more = ["--pacing", "spin", "--max-in-flight", "20000", "--connections", "200"];
const { directory, result } = await ourReplay(smallProfile(), [
  "--target",
  ruler.origin,
  ...flags,
  ...more,
]);
const stampsNs = await ruler.stop();
// From outside: when each request was read, less when it was meant to start, first come first served.
const seenUs = new Histogram();
for (const [i, atNs] of stampsNs.entries()) {
  const waitUs = (atNs - stampsNs[0]! - (i * 1e9) / rate) / 1e3;
  if (waitUs >= 5_000) seenUs.record(waitUs);
}

const run = new RunDirectory(join(directory, readdirSync(directory)[0]!));
const table = readObservations(...run.observationSpools());
const hit = new Histogram();
const service = new Histogram();
for (const observation of table) {
  if (observation.kind === "dropped") continue;
  const responseUs = responseTimeUs(observation, 10e9);
  // Those that the freeze made wait: the others take well below a millisecond.
  if (responseUs < 5_000) continue;
  hit.record(responseUs);
  service.record(serviceTimeUs(observation, 10e9));
}
const implied = { p50: STALL_MS * 500, p99: STALL_MS * 990, max: STALL_MS * 1_000 };
const line = (what: string, ours: number, wanted: number, outside: number): string =>
  `${what.padEnd(4)} implied ${(wanted / 1e3).toFixed(0)} ms, reported ${(ours / 1e3).toFixed(1)} ms (${(100 * (ours / wanted - 1)).toFixed(2)} %); ` +
  `from outside ${(outside / 1e3).toFixed(1)} ms (${(100 * (ours / outside - 1)).toFixed(2)} %)`;
say(
  `response time of the ${hit.count} requests that the freeze of ${STALL_MS} ms hit (implied: ${(rate * STALL_MS) / 1e3})`,
);
say(line("p50", hit.quantile(0.5), implied.p50, seenUs.quantile(0.5)));
say(line("p99", hit.quantile(0.99), implied.p99, seenUs.quantile(0.99)));
say(line("max", hit.maxUs, implied.max, seenUs.maxUs));
say(`their service time: p50 ${(service.quantile(0.5) / 1e3).toFixed(0)} ms`);
const { responseTimeUs: all } = result.arms["target"]!;
// A tenth of the run was frozen: its p99 lies where a tenth of those waits is left.
say(
  `over the whole run: p99 ${(all.p99 / 1e3).toFixed(0)} ms, implied ${(1_000 * (1 - 0.01 * (seconds / (STALL_MS / 1e3)))).toFixed(0)} ms`,
);

const second = await startRuler({ stallAtMs: STALL_AT_MS, stallMs: STALL_MS });
const script = join(ROOT, "node_modules/autocannon/autocannon.js");
const args = [
  script,
  "-j",
  "-n",
  "-c",
  "50",
  "-R",
  String(rate),
  "-C",
  "-d",
  String(seconds),
  second.origin,
];
const child = spawn("taskset", ["-c", "1", process.execPath, ...args], {
  stdio: ["ignore", "pipe", "ignore"],
});
let text = "";
child.stdout.on("data", (chunk: Buffer) => (text += chunk.toString("utf8")));
await once(child, "close");
await second.stop();
const peer = JSON.parse(text) as { latency: { p50: number; p99: number; max: number } };
say(
  `autocannon -R ${rate}, over the whole run: p99 ${peer.latency.p99} ms, max ${peer.latency.max} ms`,
);
say(
  `ratio of the reported p99, autocannon to ours: ${(peer.latency.p99 / (all.p99 / 1e3)).toFixed(3)}`,
);
