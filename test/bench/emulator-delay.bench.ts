/*
 * How true delays are: 5,000 calls a second in uniform arrivals, each to be answered after 200 ms
 * (1,000 in flight), and 2,000 a second after 0.4 ms; as the caller sees it, what is over the delay
 * that was meant. The emulator beside a bare timed loop (node:http whose loop turns until the next
 * answer is due) and beside setTimeout, in turns, on core 1; the caller, a bare open-loop client, on
 * core 0. A caller sees the way there and back, too: `no delay` is the same server without one.
 *
 *     node test/bench/emulator-delay.bench.ts [seconds] [rounds]
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type RequestListener, type ServerResponse } from "node:http";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { dependencySchema, startEmulatorThread } from "../../src/emulator/index.ts";
import { readCalls } from "../../src/measure/index.ts";
import { end, listening, say, scratch } from "./bed.ts";
import { freePort } from "../../src/run/free-port.ts";

const HERE = fileURLToPath(import.meta.url);
const BODY = JSON.stringify({ filler: "x".repeat(51) });
const CASES = [
  { ratePerSec: 5_000, delayUs: 200_000, connections: 3_000 },
  { ratePerSec: 2_000, delayUs: 400, connections: 50 },
];
const WARM_UP_S = 4;
const BAR = { p50Us: 150, p99Us: 1_000 };

type Kind = "ours" | "loop" | "setTimeout" | "no delay";
const KINDS: readonly Kind[] = ["ours", "loop", "setTimeout", "no delay"];

function answer(response: ServerResponse): void {
  response.writeHead(200, { "content-type": "application/json", "content-length": BODY.length });
  response.end(BODY);
}

/** Answers are due in the order in which they were asked for: all have the same delay. */
function looping(delayMs: number): RequestListener {
  const waiting: { readonly response: ServerResponse; readonly dueMs: number }[] = [];
  const turn = (): void => {
    const nowMs = performance.now();
    while (waiting.length > 0 && waiting[0]!.dueMs <= nowMs) answer(waiting.shift()!.response);
    setImmediate(turn);
  };
  turn();
  return (_, response) => void waiting.push({ response, dueMs: performance.now() + delayMs });
}

const LISTENERS: Record<Exclude<Kind, "ours">, (delayMs: number) => RequestListener> = {
  loop: looping,
  setTimeout: (delayMs) => (_, response) => void setTimeout(() => answer(response), delayMs),
  "no delay": () => (_, response) => answer(response),
};

async function serve(kind: Kind, port: number, delayUs: number, spoolPath: string): Promise<void> {
  if (kind !== "ours") {
    // As long as ours: what is idle between two calls is not to be closed.
    const options = { keepAliveTimeout: 75_000 };
    createServer(options, LISTENERS[kind](delayUs / 1e3)).listen(port, "127.0.0.1");
    return;
  }
  const latency = { kind: "constant", value: `${delayUs}us` };
  const emulator = await startEmulatorThread({
    arms: ["only"],
    dependencies: { slow: dependencySchema.parse({ latency, ports: { only: port } }) },
    seed: "bench",
    runId: "00000000000000be",
    originNs: process.hrtime.bigint(),
    spoolPath,
  });
  process.once("SIGTERM", () => void emulator.stop().then(() => process.exit(0)));
}

interface Seen {
  readonly p50Us: number;
  readonly p99Us: number;
  readonly maxUs: number;
}

function spread(valuesUs: Float64Array): Seen {
  const sorted = valuesUs.toSorted();
  const at = (p: number): number => sorted[Math.floor(sorted.length * p)] ?? Number.NaN;
  return { p50Us: at(0.5), p99Us: at(0.99), maxUs: sorted.at(-1) ?? Number.NaN };
}

/** What each answer took over the delay that was meant, seen by the caller; the warm-up left out. */
async function callsOver(
  port: number,
  { connections, delayUs, ratePerSec }: (typeof CASES)[number],
  seconds: number,
): Promise<Seen> {
  const client = fileURLToPath(new URL("./delay-client.ts", import.meta.url));
  const args = [port, ratePerSec, WARM_UP_S + seconds, connections].map(String);
  const child = spawn("taskset", ["-c", "0", process.execPath, client, ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let text = "";
  child.stdout.on("data", (chunk: Buffer) => (text += chunk.toString("utf8")));
  await once(child, "close");
  const tookUs = JSON.parse(text) as number[];
  return spread(Float64Array.from(tookUs.slice(WARM_UP_S * ratePerSec), (us) => us - delayUs));
}

async function measure(
  kind: Kind,
  each: (typeof CASES)[number],
  seconds: number,
): Promise<{ readonly seen: Seen; readonly own: Seen | null }> {
  const port = await freePort();
  const spoolPath = join(scratch, `calls-${port}.spool`);
  const meantUs = kind === "no delay" ? 0 : each.delayUs;
  const args = ["-c", "1", process.execPath, HERE, "serve", kind, port, meantUs, spoolPath];
  const child = spawn("taskset", args.map(String), { stdio: ["ignore", "inherit", "inherit"] });
  try {
    await listening(port);
    const seen = await callsOver(port, { ...each, delayUs: meantUs }, seconds);
    await end(child);
    if (kind !== "ours") return { seen, own: null };
    const calls = [...readCalls(spoolPath)].slice(WARM_UP_S * each.ratePerSec);
    const off = calls.map(({ givenDelayUs, meantDelayUs }) => givenDelayUs - meantDelayUs);
    return { seen, own: spread(Float64Array.from(off)) };
  } finally {
    await end(child);
  }
}

const line = ({ maxUs, p50Us, p99Us }: Seen): string =>
  `p50 ${p50Us.toFixed(0).padStart(5)} µs, p99 ${p99Us.toFixed(0).padStart(6)} µs, max ${(maxUs / 1e3).toFixed(1)} ms`;

async function compare(seconds: number, rounds: number): Promise<void> {
  for (const each of CASES) {
    say(`${each.ratePerSec}/s, ${each.delayUs / 1e3} ms each: over what was meant`);
    for (let round = 0; round < rounds; round++) {
      const seen = new Map<Kind, Seen>();
      for (const kind of KINDS) {
        const result = await measure(kind, each, seconds);
        seen.set(kind, result.seen);
        say(`  ${kind.padEnd(10)} the caller sees ${line(result.seen)}`);
        if (result.own !== null) say(`  ${"".padEnd(10)} its own record  ${line(result.own)}`);
      }
      const [ours, loop] = [seen.get("ours")!, seen.get("loop")!];
      const kept =
        ours.p50Us <= Math.max(BAR.p50Us, loop.p50Us) &&
        ours.p99Us <= Math.max(BAR.p99Us, loop.p99Us);
      say(
        `  beside the loop: p50 ${(ours.p50Us / loop.p50Us).toFixed(2)} ×, p99 ${(ours.p99Us / loop.p99Us).toFixed(2)} × ` +
          `(bar: 150 µs and 1 ms, or the loop's: ${kept ? "kept" : "missed"})`,
      );
    }
  }
}

const [first, ...rest] = process.argv.slice(2);
if (first === "serve") {
  const [kind, port, delayUs, spoolPath] = rest;
  await serve(kind as Kind, Number(port), Number(delayUs), spoolPath!);
} else await compare(Number(first ?? 8), Number(rest[0] ?? 2));
