/*
 * The TCP proxy beside a bare node:net pipe proxy, in one run and one thread:
 *
 *   node test/bench/tcp-proxy.bench.ts
 *
 * 1. MB/s of one connection through each proxy into a server that sends everything back.
 * 2. Connections per second: connect, one byte there and back, close; eight at a time.
 *
 * The sides take turns, so that a slow moment of the machine is shared; the medians are told.
 */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server } from "node:net";
import { createDeadlines, keyedDraw, monotonicClock } from "../../src/core/index.ts";
import { startTcpDependency, tcpSchema } from "../../src/emulator/tcp/index.ts";

const ROUNDS = 5;
const CHUNK = Buffer.alloc(64 * 1024, "x");
const CHUNKS = 1_600;
const CONNECTIONS = 1_000;
const AT_ONCE = 8;
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const clock = monotonicClock(process.hrtime.bigint());

async function listen(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

async function mbPerSec(port: number): Promise<number> {
  const socket = connect(port, "127.0.0.1");
  await once(socket, "connect");
  const startNs = clock.nowNs();
  socket.resume();
  const ended = once(socket, "end");
  for (let i = 0; i < CHUNKS; i++) if (!socket.write(CHUNK)) await once(socket, "drain");
  socket.end();
  await ended;
  return ((CHUNKS * CHUNK.length) / (clock.nowNs() - startNs)) * 1e3;
}

async function connectionsPerSec(port: number): Promise<number> {
  const startNs = clock.nowNs();
  let left = CONNECTIONS;
  const one = async (): Promise<void> => {
    while (left-- > 0) {
      const socket = connect({ port, host: "127.0.0.1", noDelay: true });
      socket.write("x");
      await once(socket, "data");
      socket.end();
      await once(socket, "close");
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, one));
  return (CONNECTIONS / (clock.nowNs() - startNs)) * 1e9;
}

const echo = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => socket.pipe(socket));
const echoPort = await listen(echo);
const bare = createServer({ allowHalfOpen: true, noDelay: true }, (caller) => {
  const upstream = connect({
    port: echoPort,
    host: "127.0.0.1",
    allowHalfOpen: true,
    noDelay: true,
  });
  caller.pipe(upstream).pipe(caller);
});
const deadlines = await createDeadlines(clock);
const start = async (name: string, rest: Record<string, unknown>) =>
  await startTcpDependency({
    name,
    spec: tcpSchema.parse({ upstream: `127.0.0.1:${echoPort}`, ...rest }),
    clock,
    deadlines,
    draw: (...parts) => keyedDraw("bench", ...parts),
  });
const portOf = (address: string): number => Number(address.split(":")[1]);
const plain = await start("plain", {});
const late = await start("late", { latency: "200us", jitter: "100us" });
const sides: readonly (readonly [string, number])[] = [
  ["bare pipe", await listen(bare)],
  ["proxy, no toxic", portOf(plain.listen)],
  ["proxy, 200 µs ± 100 µs", portOf(late.listen)],
];
const results = sides.map(() => ({ mb: [] as number[], connections: [] as number[] }));
for (let round = 0; round < ROUNDS; round++) {
  for (const [i, [, port]] of sides.entries()) {
    results[i]!.mb.push(await mbPerSec(port));
    results[i]!.connections.push(await connectionsPerSec(port));
  }
}
const median = (values: readonly number[]): string =>
  values.toSorted((a, b) => a - b)[values.length >> 1]!.toFixed(0);
for (const [i, [name]] of sides.entries()) {
  const { mb, connections } = results[i]!;
  say(`${name.padEnd(24)} ${median(mb)} MB/s, ${median(connections)} connections/s`);
}
await Promise.all([plain.stop(), late.stop()]);
await deadlines.close();
echo.close();
bare.close();
