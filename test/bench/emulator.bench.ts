/*
 * The emulator beside plain node:http servers, each in a thread of its own, in one run:
 *
 *   node test/bench/emulator.bench.ts [speed]
 *
 * 1. How late an answer is (given delay − drawn delay) at 1,000 calls/s and a lognormal of 80 ms,
 *    beside a server that draws the same delays and waits with setTimeout.
 * 2. Calls per second with no delay, beside a server that only answers (all there is, with `speed`).
 *
 * Both sides take turns, so that a slow moment of the machine is shared.
 */
import { rmSync } from "node:fs";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { keyedDraw, monotonicClock, NS_PER_S } from "../../src/core/index.ts";
import {
  type DependencySpec,
  dependencySchema,
  startEmulatorThread,
} from "../../src/emulator/index.ts";
import { createLatencyModel } from "../../src/emulator/latency/index.ts";
import { createWorlds } from "../../src/emulator/world.ts";
import { readCalls } from "../../src/measure/index.ts";

const CALLS_PER_SEC = 1_000;
const LATE_S = 4;
const SPEED_S = 2;
const ROUNDS = 3;
const SOCKETS = 200;
const clock = monotonicClock(process.hrtime.bigint());
const say = (line: string): void => void process.stdout.write(`${line}\n`);

const slow = dependencySchema.parse({
  latency: { kind: "lognormal", median: "80ms", p99: "250ms" },
});
const instant = dependencySchema.parse({ latency: { kind: "constant", value: "0ms" } });

interface Bench {
  readonly url: string;
  /** Ends the server; how late each of its answers was, in µs. */
  stop(): Promise<number[]>;
}

/** The plain server's thread. */
function servePlain(spec: DependencySpec): void {
  if (spec.protocol !== "http") return;
  const model = createLatencyModel(spec.latency, createWorlds("bench", {})("plain"));
  const lateUs: number[] = [];
  let calls = 0;
  const server = createServer((request, response) => {
    const arriveNs = clock.nowNs();
    const call = {
      method: request.method ?? "",
      path: request.url ?? "",
      headers: {},
      requestBytes: 0,
      client: "",
      nowNs: arriveNs,
      inFlight: 1,
      ratePerSec: 0,
      status: 200,
      responseBytes: 0,
    };
    const delayUs = model.sampleUs(call, keyedDraw("bench", calls++));
    const answer = (): void => {
      const body = JSON.stringify({ dependency: "plain", method: call.method, path: call.path });
      response.writeHead(200, {
        "content-type": "application/json; charset=utf-8",
        "cache-control": "no-store",
        "content-length": Buffer.byteLength(body),
      });
      response.end(body);
      lateUs.push((clock.nowNs() - arriveNs) / 1e3 - delayUs);
    };
    if (delayUs === 0) answer();
    else setTimeout(answer, delayUs / 1e3);
  });
  server.listen(0, "127.0.0.1", () =>
    parentPort?.postMessage((server.address() as AddressInfo).port, []),
  );
  parentPort?.once("message", () => {
    parentPort?.postMessage(lateUs, []);
    server.close();
    server.closeAllConnections();
  });
}

async function startPlain(spec: DependencySpec): Promise<Bench> {
  const thread = new Worker(new URL(import.meta.url), { workerData: spec });
  const heard = <T>(): Promise<T> => new Promise((resolve) => void thread.once("message", resolve));
  const url = `http://127.0.0.1:${await heard<number>()}`;
  return {
    url,
    async stop() {
      const lateUs = heard<number[]>();
      thread.postMessage("stop", []);
      return lateUs;
    },
  };
}

async function startOurs(spec: DependencySpec): Promise<Bench> {
  const spoolPath = join(tmpdir(), `shakedown-bench-${process.pid}-${clock.nowNs()}.spool`);
  const emulator = await startEmulatorThread({
    arms: ["only"],
    dependencies: { slow: spec },
    seed: "bench",
    runId: "00000000000000be",
    originNs: clock.originNs,
    spoolPath,
  });
  return {
    url: emulator.addresses["slow"]!["only"]!,
    async stop() {
      await emulator.stop();
      const lateUs = [...readCalls(spoolPath)]
        .filter(({ outcome }) => outcome === "ok")
        .map(({ givenDelayUs, meantDelayUs }) => givenDelayUs - meantDelayUs);
      rmSync(spoolPath);
      return lateUs;
    },
  };
}

const REQUEST = "GET /bench HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n";

/** Sockets that have one call on their way at most; `onAnswer` is told which is free again. */
async function openSockets(url: string, count: number, onAnswer: (socket: Caller) => void) {
  const { port } = new URL(url);
  const open = async (): Promise<Caller> => {
    const socket = connect({ port: Number(port), host: "127.0.0.1", noDelay: true });
    await new Promise((resolve) => void socket.once("connect", resolve));
    const caller: Caller = { call: () => socket.write(REQUEST), end: () => socket.destroy() };
    // Answers are small and of one packet.
    socket.on("data", () => onAnswer(caller));
    return caller;
  };
  return Promise.all(Array.from({ length: count }, open));
}

interface Caller {
  call(): unknown;
  end(): unknown;
}

async function callAtRate(url: string): Promise<void> {
  const free: Caller[] = [];
  const callers = await openSockets(url, SOCKETS * 2, (caller) => free.push(caller));
  free.push(...callers);
  const startNs = clock.nowNs();
  let sent = 0;
  for (let elapsedNs = 0; elapsedNs < LATE_S * NS_PER_S; elapsedNs = clock.nowNs() - startNs) {
    for (; sent < (elapsedNs / NS_PER_S) * CALLS_PER_SEC; sent++) free.pop()?.call();
    await delay(1);
  }
  await delay(500);
  for (const caller of callers) caller.end();
}

async function callsPerSec(url: string): Promise<number> {
  let calls = 0;
  const callers = await openSockets(url, 32, (caller) => {
    calls++;
    caller.call();
  });
  for (const caller of callers) caller.call();
  await delay(500);
  const [fromNs, before] = [clock.nowNs(), calls];
  await delay(SPEED_S * 1e3);
  const perSec = ((calls - before) * NS_PER_S) / (clock.nowNs() - fromNs);
  for (const caller of callers) caller.end();
  return perSec;
}

const at = (sorted: readonly number[], p: number): number =>
  sorted[Math.min(Math.floor(p * sorted.length), sorted.length - 1)] ?? Number.NaN;

/** Absolute values, ascending. */
const size = (values: readonly number[]) => values.map(Math.abs).toSorted((a, b) => a - b);

async function compareLateness(): Promise<void> {
  const late = { ours: [] as number[], plain: [] as number[] };
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, start] of [
      ["plain", startPlain],
      ["ours", startOurs],
    ] as const) {
      const bench = await start(slow);
      await callAtRate(bench.url);
      late[name].push(...(await bench.stop()));
    }
  }
  const [ours, plain] = [size(late.ours), size(late.plain)];
  const early = late.plain.filter((value) => value < 0).length;
  say(`delay error at ${CALLS_PER_SEC} calls/s, lognormal 80 ms (absolute, µs)`);
  for (const [name, p] of [
    ["p50", 0.5],
    ["p99", 0.99],
    ["p99.9", 0.999],
  ] as const) {
    const [a, b] = [at(ours, p), at(plain, p)];
    say(
      `  ${name}: emulator ${a.toFixed(0)}, setTimeout ${b.toFixed(0)}, ratio ${(a / b).toFixed(2)}`,
    );
  }
  say(`  calls: emulator ${ours.length}, setTimeout ${plain.length} (${early} answered early)`);
}

async function compareSpeed(): Promise<void> {
  const perSec = { ours: [] as number[], plain: [] as number[] };
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, start] of [
      ["plain", startPlain],
      ["ours", startOurs],
    ] as const) {
      const bench = await start(instant);
      perSec[name].push(await callsPerSec(bench.url));
      await bench.stop();
    }
  }
  const [ours, plain] = [perSec.ours, perSec.plain].map((v) => v.toSorted((a, b) => a - b)[1]!);
  say(`calls/s with no delay (median of ${ROUNDS})`);
  say(
    `  emulator ${ours!.toFixed(0)}, node:http ${plain!.toFixed(0)}, ratio ${(ours! / plain!).toFixed(2)}`,
  );
}

if (isMainThread) {
  if (process.argv[2] !== "speed") await compareLateness();
  await compareSpeed();
} else {
  servePlain(workerData as DependencySpec);
}
