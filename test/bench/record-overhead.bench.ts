/*
 * What the recorder adds to a request, beside a bare node:net pipe proxy, HAProxy as a proxy of TCP
 * (where it is installed) and no proxy at all:
 *
 *   node test/bench/record-overhead.bench.ts [requests per second]
 *
 * The server, what stands between, and the generator are processes of their own. Requests (a POST of
 * JSON, with what is to be redacted; eight of each user) arrive at random times, 500/s unless said
 * otherwise, by `shakedown replay`: an open loop, so that a proxy that stands still is not asked less. The ways
 * take turns, round by round, so that a slow moment of the machine is shared; a first round warms up.
 * Told are the medians, over the rounds, of what each way adds to the direct one's quantiles.
 * Bar: less than 1 ms at p99.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Server } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { resultSchema } from "../../src/report/index.ts";
import { freePort } from "../../src/run/free-port.ts";
import { GOR_SEPARATOR } from "../../src/run/record/door.ts";
import { end, listening, ratio, ROOT, say, scratch } from "./bed.ts";

const ROUNDS = 7;
const SECONDS = 8;
const HAPROXY = "/usr/sbin/haproxy";
// With the flags that it was started with: else it would start itself anew (`bed.ts`).
const SELF = [...process.execArgv, fileURLToPath(import.meta.url)];
const MAIN = join(ROOT, "src/cli/main.ts");

const REQUESTS_A_USER = 8;

/** What one of a user's requests is; each user comes with a token, a session and an address of its own. */
function requestText(at: number): string {
  const user = Math.floor(at / REQUESTS_A_USER).toString(36);
  const body = JSON.stringify({ user: `${user}@shop.example`, token: user, items: [at, 2, 3] });
  return [
    `POST /cart/${at}?session=${user} HTTP/1.1`,
    "host: shop.example",
    `authorization: Bearer eyJhbGciOi.some.${user}`,
    `cookie: sid=0123456789${user}; theme=dark`,
    "user-agent: bench/1.0",
    "content-type: application/json",
    `content-length: ${body.length}\r\n\r\n${body}`,
  ].join("\r\n");
}

const ANSWER = `HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 1000\r\n\r\n${"x".repeat(1_000)}`;

async function listen(server: Server): Promise<void> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  say(`service http://127.0.0.1:${(server.address() as AddressInfo).port}`);
}

/** In a process of its own: a service that answers at once. Each chunk it gets is a request. */
async function service(): Promise<void> {
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on("error", () => {});
    socket.on("data", () => socket.write(ANSWER));
  });
  await listen(server);
}

/** In a process of its own: what a proxy in JavaScript cannot do with less. */
async function barePipe(upstreamPort: number): Promise<void> {
  const bare = createServer({ allowHalfOpen: true, noDelay: true }, (caller) => {
    const to = { port: upstreamPort, host: "127.0.0.1", allowHalfOpen: true, noDelay: true };
    const upstream = connect(to);
    for (const socket of [caller, upstream]) socket.on("error", () => {});
    caller.pipe(upstream).pipe(caller);
  });
  await listen(bare);
}

interface Started {
  readonly child: ChildProcess;
  readonly port: number;
}

async function started(args: readonly string[]): Promise<Started> {
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "ignore"] });
  const [chunk] = (await once(child.stdout, "data")) as [Buffer];
  return { child, port: Number(/:(\d+)\s/.exec(chunk.toString("utf8"))?.[1]) };
}

async function haproxy(upstreamPort: number): Promise<Started> {
  const port = await freePort();
  const config = join(scratch, "haproxy.cfg");
  writeFileSync(
    config,
    `global\n  nbthread 1\ndefaults\n  mode tcp\n  timeout connect 5s\n  timeout client 60s\n` +
      `  timeout server 60s\nfrontend f\n  bind 127.0.0.1:${port}\n  default_backend b\n` +
      `backend b\n  server s 127.0.0.1:${upstreamPort}\n`,
  );
  const child = spawn(HAPROXY, ["-f", config], { stdio: "ignore" });
  await listening(port);
  return { child, port };
}

let users = 0;

/** Requests of users that the recorder has not seen yet, as many as are sent. */
function profile(perSec: number): string {
  const path = join(scratch, "users.gor");
  const count = Math.ceil((perSec * SECONDS * 1.2) / REQUESTS_A_USER) * REQUESTS_A_USER;
  let text = "";
  for (let i = 0; i < count; i++) {
    const id = (users + i).toString(16).padStart(24, "0");
    text += `1 ${id} ${1_700_000_000_000_000_000n + BigInt(i) * 1_000_000n} 0\n`;
    text += requestText(users + i) + GOR_SEPARATOR;
  }
  users += count;
  writeFileSync(path, text);
  return path;
}

const QUANTILES = { p50: "p50", p90: "p90", p99: "p99", p999: "p99.9" } as const;
type Quantiles = Readonly<Record<keyof typeof QUANTILES, number>>;

async function responseTimesUs(port: number, perSec: number): Promise<Quantiles> {
  const told = `--target http://127.0.0.1:${port} --rate ${perSec}/s --arrivals poisson --loop`;
  const how = `--duration ${SECONDS}s --connections 20 --workers 1 --pacing alarm --no-redact`;
  const rest = `--json --exit-zero --out ${join(scratch, "runs")}`;
  const args = [MAIN, "replay", profile(perSec), ...`${told} ${how} ${rest}`.split(" ")];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "ignore"] });
  let text = "";
  child.stdout.on("data", (chunk: Buffer) => (text += chunk.toString("utf8")));
  await once(child, "close");
  return resultSchema.parse(JSON.parse(text)).arms["target"]!.responseTimeUs;
}

const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1]! + sorted[sorted.length >> 1]!) / 2;
};

async function compare(perSec: number): Promise<void> {
  const direct = await started([...SELF, "service"]);
  const upstream = ["--upstream", `http://127.0.0.1:${direct.port}`];
  const out = ["-o", join(scratch, "recorded.gz")];
  const ways: Record<string, Started> = {
    direct,
    ...(existsSync(HAPROXY) ? { haproxy: await haproxy(direct.port) } : {}),
    pipe: await started([...SELF, "pipe", String(direct.port)]),
    record: await started([MAIN, "record", "--listen", ":0", ...upstream, ...out]),
  };
  const rounds: Record<string, Quantiles>[] = [];
  for (let i = 0; i <= ROUNDS; i++) {
    const round: Record<string, Quantiles> = {};
    for (const [way, { port }] of Object.entries(ways)) {
      round[way] = await responseTimesUs(port, perSec);
    }
    if (i > 0) rounds.push(round);
  }
  for (const [p, label] of Object.entries(QUANTILES)) {
    const at = (round: Record<string, Quantiles>, way: string): number =>
      round[way]![p as keyof Quantiles];
    const added = new Map(
      Object.keys(ways).map((way) => [
        way,
        median(rounds.map((round) => at(round, way) - at(round, "direct"))),
      ]),
    );
    const directUs = median(rounds.map((round) => at(round, "direct")));
    const told = [...added].filter(([way]) => way !== "direct");
    say(
      `${label}: direct ${directUs.toFixed(0)} µs; added: ` +
        told.map(([way, us]) => `${way} ${us.toFixed(0)} µs`).join(", ") +
        `; record/pipe ${ratio(added.get("record")!, added.get("pipe")!)}`,
    );
  }
  await end(ways["record"]!.child);
  for (const { child } of Object.values(ways)) await end(child);
}

const [mode, given] = process.argv.slice(2);
if (mode === "service") await service();
else if (mode === "pipe") await barePipe(Number(given));
else await compare(Number(mode ?? 500));
