/*
 * Calls per second on one core, a fixed body of 64 bytes, no delay: the emulator beside a bare
 * node:http server, WireMock and mountebank.
 *
 *   node test/bench/emulator-throughput.bench.ts [seconds] [rounds]
 *
 * Each server has core 1, and wrk with 50 connections core 0; they take turns, medians count. All
 * are warmed up first, WireMock longest: its compiler has the same core to work on. mountebank is
 * installed into a temporary folder.
 */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { dependencySchema, startEmulatorThread } from "../../src/emulator/index.ts";
import { end, ratio, say, scratch } from "./bed.ts";
import { freePort } from "../../src/run/free-port.ts";

const HERE = fileURLToPath(import.meta.url);
const BODY = JSON.stringify({ filler: "x".repeat(51) });
const HEADERS = { "content-type": "application/json" };
const PATH = "/products/42";
const BAR_OF_BARE = 0.8;
const BAR_OF_PEERS = 5;
const MOUNTEBANK = "mountebank@2.9.1";

function serveBare(port: number): void {
  const length = Buffer.byteLength(BODY);
  createServer((_, response) => {
    response.writeHead(200, { ...HEADERS, "content-length": length });
    response.end(BODY);
  }).listen(port, "127.0.0.1");
}

async function serveOurs(port: number): Promise<void> {
  const stubs = [{ request: { path: PATH }, response: { headers: HEADERS, body: BODY } }];
  const latency = { kind: "constant", value: "0ms" };
  const emulator = await startEmulatorThread({
    arms: ["only"],
    dependencies: { fixed: dependencySchema.parse({ latency, stubs, ports: { only: port } }) },
    seed: "bench",
    runId: "00000000000000be",
    originNs: process.hrtime.bigint(),
    spoolPath: join(scratch, "calls.spool"),
  });
  process.once("SIGTERM", () => void emulator.stop().then(() => process.exit(0)));
}

interface Server {
  readonly name: string;
  /** How long it is called before it is measured. */
  readonly warmUpS: number;
  /** The command that serves on the port. */
  command(port: number): readonly string[];
}

function wireMock(): Server | null {
  const packed = dirname(createRequire(import.meta.url).resolve("wiremock/package.json"));
  const jar = join(packed, "build", "wiremock-standalone-3.13.2.jar");
  const root = join(scratch, "wiremock");
  execFileSync("mkdir", ["-p", join(root, "mappings")]);
  const response = { status: 200, headers: HEADERS, body: BODY };
  writeFileSync(
    join(root, "mappings", "one.json"),
    JSON.stringify({ request: { method: "GET", urlPath: PATH }, response }),
  );
  const options = "--no-request-journal --disable-banner --bind-address 127.0.0.1";
  return existsSync(jar)
    ? {
        name: "WireMock",
        warmUpS: 10,
        command: (port) =>
          `java -jar ${jar} ${options} --root-dir ${root} --port ${port}`.split(" "),
      }
    : null;
}

function mountebank(): Server | null {
  const folder = join(scratch, "mountebank");
  const options = "--ignore-scripts --no-audit --no-fund --no-save --prefix".split(" ");
  try {
    execFileSync("npm", ["install", ...options, folder, MOUNTEBANK], {
      stdio: "ignore",
      timeout: 60_000,
    });
  } catch {
    return null;
  }
  const binary = join(folder, "node_modules/mountebank/bin/mb");
  return {
    name: "mountebank",
    warmUpS: 3,
    command(port) {
      const is = { statusCode: 200, headers: HEADERS, body: BODY };
      const predicates = [{ equals: { path: PATH } }];
      const stubs = [{ predicates, responses: [{ is }] }];
      const file = join(folder, `imposter-${port}.json`);
      const imposter = { port, protocol: "http", host: "127.0.0.1", stubs };
      writeFileSync(file, JSON.stringify({ imposters: [imposter] }));
      const quiet = `--nologfile --loglevel error --pidfile ${join(folder, "mb.pid")}`;
      const own = `--port ${port + 1} --host 127.0.0.1 --configfile ${file}`;
      return [process.execPath, binary, "start", ...`${own} ${quiet}`.split(" ")];
    },
  };
}

async function up(url: string): Promise<void> {
  for (let i = 0; i < 300; i++) {
    const text = await fetch(url).then(
      (response) => response.text(),
      () => null,
    );
    if (text === BODY) return;
    await delay(100);
  }
  throw new Error(`${url} does not answer with the fixed body`);
}

function wrk(url: string, seconds: number): Promise<number> {
  const args = ["-c", "0", "wrk", "-t1", "-c50", `-d${seconds}s`, url];
  const child = spawn("taskset", args, { stdio: ["ignore", "pipe", "inherit"] });
  let text = "";
  child.stdout.on("data", (chunk: Buffer) => (text += chunk.toString("utf8")));
  return once(child, "close").then(() => {
    // A cold server on one core may be slower than wrk's patience: a timeout is no wrong answer.
    if (/Non-2xx|(connect|read|write) [1-9]/.test(text)) throw new Error(`${url}: ${text}`);
    return Number(/Requests\/sec:\s+([\d.]+)/.exec(text)?.[1]);
  });
}

async function callsPerSec(server: Server, seconds: number): Promise<number> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}${PATH}`;
  const args = ["-c", "1", ...server.command(port)];
  const child = spawn("taskset", args, { stdio: ["ignore", "ignore", "inherit"] });
  try {
    await up(url);
    await wrk(url, server.warmUpS);
    return await wrk(url, seconds);
  } finally {
    await end(child);
  }
}

const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length / 2;
  return (sorted[Math.floor(half - 0.5)]! + sorted[Math.floor(half)]!) / 2;
};

async function compare(seconds: number, rounds: number): Promise<void> {
  const self = (role: string, name: string): Server => ({
    name,
    warmUpS: 3,
    command: (port) => [process.execPath, HERE, role, String(port)],
  });
  const peers: (Server | null)[] = [wireMock(), mountebank()];
  if (peers[0] === null) say("WireMock: skipped, its jar is missing");
  if (peers[1] === null) say("mountebank: skipped, it could not be installed");
  const [ours, bare] = [self("ours", "ours"), self("bare", "node:http")];
  const servers = [ours, bare, ...peers.filter((peer) => peer !== null)];
  const seen = new Map(servers.map(({ name }): [string, number[]] => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const server of servers) {
      // A port that was free may be taken when a server has started at last: then once more.
      const perSec = await callsPerSec(server, seconds).catch(() => callsPerSec(server, seconds));
      seen.get(server.name)!.push(perSec);
    }
  }
  const own = median(seen.get(ours.name)!);
  for (const { name } of servers) {
    const perSec = median(seen.get(name)!);
    const bar = name === bare.name ? BAR_OF_BARE : BAR_OF_PEERS;
    const times = `ours is ${ratio(own, perSec)} × (bar ${bar}: ${own / perSec >= bar ? "kept" : "missed"})`;
    say(
      `${name.padEnd(10)} ${perSec.toFixed(0).padStart(7)} calls/s  ${name === ours.name ? "" : times}`,
    );
  }
}

const [first, second] = process.argv.slice(2);
if (first === "bare") serveBare(Number(second));
else if (first === "ours") await serveOurs(Number(second));
else await compare(Number(first ?? 5), Number(second ?? 2));
