/*
 * What the recorder adds to a request, beside a bare node:net pipe proxy and no proxy at all:
 *
 *   node test/bench/record-overhead.bench.ts
 *
 * Each way has a process of its own for what stands between, as it would have; client and server
 * share this one. A fixed number of connections, each with a small POST of JSON every few
 * milliseconds; the ways take turns, round by round, so that a slow moment of the machine is
 * shared. Told are the quantiles of all rounds, and what each way adds to the direct one.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const ROUNDS = 8;
const CONNECTIONS = 8;
const REQUESTS = 80;
const PAUSE_MS = 16;
const SELF = fileURLToPath(import.meta.url);
const MAIN = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));
const say = (line: string): void => void process.stdout.write(`${line}\n`);

const BODY = JSON.stringify({ user: "ann@shop.example", token: "hush-hush", items: [1, 2, 3] });
const REQUEST = [
  "POST /cart/17?session=abc HTTP/1.1",
  "host: shop.example",
  "authorization: Bearer eyJhbGciOi.some.thing",
  "cookie: sid=0123456789abcdef; theme=dark",
  "user-agent: bench/1.0",
  "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
  "content-type: application/json",
  `content-length: ${BODY.length}\r\n\r\n${BODY}`,
].join("\r\n");
const ANSWER = `HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 1000\r\n\r\n${"x".repeat(1_000)}`;

async function listen(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

/** In a process of its own: what a proxy cannot do with less. */
async function barePipe(upstreamPort: number): Promise<void> {
  const bare = createServer({ allowHalfOpen: true, noDelay: true }, (caller) => {
    const to = { port: upstreamPort, host: "127.0.0.1", allowHalfOpen: true, noDelay: true };
    const upstream = connect(to);
    for (const socket of [caller, upstream]) socket.on("error", () => {});
    caller.pipe(upstream).pipe(caller);
  });
  say(`service http://127.0.0.1:${await listen(bare)}`);
}

async function started(args: readonly string[]): Promise<{ child: ChildProcess; port: number }> {
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  const [chunk] = (await once(child.stdout, "data")) as [Buffer];
  return { child, port: Number(/:(\d+)\s/.exec(chunk.toString("utf8"))?.[1]) };
}

async function exchange(socket: Socket): Promise<number> {
  const startMs = performance.now();
  socket.write(REQUEST);
  let bytes = 0;
  while (bytes < ANSWER.length) {
    const [chunk] = (await once(socket, "data")) as [Buffer];
    bytes += chunk.length;
  }
  return (performance.now() - startMs) * 1e3;
}

/** The latencies of one round, in µs. */
async function round(port: number): Promise<number[]> {
  const latenciesUs: number[] = [];
  const one = async (index: number): Promise<void> => {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    await once(socket, "connect");
    await delay((index * PAUSE_MS) / CONNECTIONS);
    for (let i = 0; i < REQUESTS; i++) {
      latenciesUs.push(await exchange(socket));
      await delay(PAUSE_MS);
    }
    socket.destroy();
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, (_, index) => one(index)));
  return latenciesUs;
}

const quantile = (sorted: readonly number[], p: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(p * sorted.length))]!;

async function compare(): Promise<void> {
  const server = createServer({ noDelay: true }, (socket) => {
    let bytes = 0;
    socket.on("error", () => {});
    socket.on("data", (chunk) => {
      for (bytes += chunk.length; bytes >= REQUEST.length; bytes -= REQUEST.length) {
        socket.write(ANSWER);
      }
    });
  });
  const direct = await listen(server);
  const folder = mkdtempSync(join(tmpdir(), "shakedown-bench-"));
  const upstream = `http://127.0.0.1:${direct}`;
  const pipe = await started([SELF, "pipe", String(direct)]);
  const recorder = await started(
    [MAIN, "record", "--listen", ":0", "--upstream", upstream].concat("-o", join(folder, "x.gz")),
  );
  const ports = { direct, pipe: pipe.port, record: recorder.port };
  const all: Record<string, number[]> = { direct: [], pipe: [], record: [] };
  for (let i = 0; i <= ROUNDS; i++) {
    for (const [way, port] of Object.entries(ports)) {
      const latenciesUs = await round(port);
      // The first round warms up.
      if (i > 0) all[way]!.push(...latenciesUs);
    }
  }
  const sorted = Object.entries(all).map(
    ([way, us]) => [way, us.toSorted((a, b) => a - b)] as const,
  );
  for (const p of [0.5, 0.9, 0.99, 0.999]) {
    const directUs = quantile(sorted[0]![1], p);
    const told = sorted.map(([way, us]) => {
      const atUs = quantile(us, p);
      const added = way === "direct" ? "" : ` (+${(atUs - directUs).toFixed(0)})`;
      return `${way} ${atUs.toFixed(0)}${added} µs`;
    });
    const [, pipeUs, recordUs] = sorted.map(([, us]) => quantile(us, p));
    say(`p${p * 100}: ${told.join(", ")}; record/pipe ${(recordUs! / pipeUs!).toFixed(2)}`);
  }
  pipe.child.kill("SIGKILL");
  recorder.child.kill("SIGINT");
  await once(recorder.child, "exit");
  rmSync(folder, { recursive: true, force: true });
  server.close();
}

const [mode, port] = process.argv.slice(2);
await (mode === "pipe" ? barePipe(Number(port)) : compare());
