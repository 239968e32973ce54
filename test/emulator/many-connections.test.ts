import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { createInterface } from "node:readline";
import { Agent, request } from "undici";
import { describe, expect, it } from "vitest";
import { openFileLimit } from "../../src/core/index.ts";
import { MAIN, Scratch } from "../e2e/cli.ts";
import { echoServer } from "./tcp-fixture.ts";

const FILE = "dependencies: { stock: { latency: { kind: constant, value: 0ms } } }\n";
const proxyTo = (upstream: string): string =>
  `dependencies: { redis: { protocol: tcp, tcp: { upstream: "${upstream}" } } }\n`;
const REQUEST = "GET / HTTP/1.1\r\nhost: stock\r\n\r\n";

/** `shakedown emulate`, with so many open files allowed; as many as there are unless told. */
class Emulating implements AsyncDisposable {
  readonly child: ChildProcess;
  stderr = "";
  #url = "";

  private constructor(file: string, limit: number | null) {
    const raise = limit === null ? "" : `ulimit -n ${limit};`;
    const command = `${raise} exec "$0" "$@"`;
    const args = ["-c", command, process.execPath, MAIN, "emulate", file, "--no-admin"];
    this.child = spawn("sh", args, { stdio: ["ignore", "pipe", "pipe"] });
    this.child.stderr?.on("data", (chunk: Buffer) => (this.stderr += chunk.toString()));
  }

  static async start(file: string, limit: number | null = null): Promise<Emulating> {
    const emulating = new Emulating(file, limit);
    for await (const line of createInterface(emulating.child.stdout!)) {
      emulating.#url = /^\w+_URL=(.*)$/.exec(line)?.[1] ?? "";
      if (emulating.#url !== "") return emulating;
    }
    throw new Error(`it serves nothing: ${emulating.stderr}`);
  }

  get port(): number {
    return Number(new URL(this.#url).port);
  }

  /** Memory that it has for itself, in bytes. */
  residentBytes(): number {
    const status = readFileSync(`/proc/${this.child.pid}/status`, "utf8");
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) * 1_024;
  }

  /** Asked to end; resolves to its exit code. */
  async end(): Promise<number | null> {
    const { child } = this;
    if (child.exitCode !== null) return child.exitCode;
    child.kill("SIGINT");
    const [code] = (await once(child, "exit")) as [number | null];
    return code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
  }
}

/** Connects so many times, asks once by every other, and then keeps quiet. */
const HOLDER = `
const { connect } = require("node:net");
const [port, count] = process.argv.slice(1).map(Number);
let left = count;
let begun = 0;
const done = () => { if (--left === 0) console.log("idle"); else if (begun < count) begin(); };
const begin = () => {
  const asks = begun++ % 2 === 0;
  const socket = connect(port, "127.0.0.1", () => asks ? socket.write(${JSON.stringify(REQUEST)}) : done());
  if (asks) socket.once("data", done);
  socket.on("error", (error) => { console.log(error.code); process.exit(1); });
  socket.on("close", () => { console.log("hung up"); process.exit(1); });
};
while (begun < Math.min(count, 200)) begin();
`;

const IDLE = 10_000;
const LIMIT = openFileLimit() ?? 0;
/** For these, and what a process has open besides. */
const ALLOWED = LIMIT >= IDLE + 500;

describe.skipIf(!ALLOWED)(`${IDLE} idle connections (skipped where ulimit -n is lower)`, () => {
  it("are kept, at a few KB each, and calls beside them are answered", async () => {
    using scratch = new Scratch();
    await using on = await Emulating.start(scratch.file("dependencies.yaml", FILE));
    const { port } = on;
    const beforeBytes = on.residentBytes();
    const holder = spawn(process.execPath, ["-e", HOLDER, String(port), String(IDLE)], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    try {
      const [said] = (await once(createInterface(holder.stdout), "line")) as [string];
      expect(said).toBe("idle");
      const eachBytes = (on.residentBytes() - beforeBytes) / IDLE;
      process.stdout.write(`${(eachBytes / 1_024).toFixed(1)} KB for each idle connection\n`);
      expect(eachBytes).toBeLessThan(32 * 1_024);
      const agent = new Agent({ connections: 10 });
      for (let i = 0; i < 100; i++) {
        const answer = await request(`http://127.0.0.1:${port}/${i}`, { dispatcher: agent });
        expect(answer.statusCode).toBe(200);
        await answer.body.dump();
      }
      await agent.destroy();
      expect(holder.exitCode).toBeNull();
      expect(on.stderr).not.toContain("!");
    } finally {
      holder.kill();
    }
    expect(await on.end()).toBe(0);
    expect(on.stderr).toMatch(new RegExp(`stock: ${IDLE / 2 + 100} calls; 100\\d\\d connections`));
  }, 60_000);
});

/** So many connections, and how each stands: `open`, or the system's code. */
async function open(port: number, count: number) {
  const sockets: Socket[] = [];
  const stands = await Promise.all(
    Array.from({ length: count }, () => {
      const socket = connect(port, "127.0.0.1").setNoDelay();
      sockets.push(socket);
      const { promise, resolve } = Promise.withResolvers<string>();
      // One that was turned away is accepted by the system at first: only an answer tells.
      socket.once("connect", () => socket.write(REQUEST));
      socket.once("data", () => resolve("open"));
      socket.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? "error"));
      socket.once("close", () => resolve("closed"));
      return promise;
    }),
  );
  return { sockets, stands };
}

async function close(sockets: readonly Socket[]): Promise<void> {
  const alive = sockets.filter((socket) => !socket.closed);
  const closed = alive.map((socket) => once(socket, "close"));
  for (const socket of alive) socket.destroy();
  await Promise.all(closed);
}

describe("more connections than open files are allowed", () => {
  it.each([
    ["to a dependency", () => FILE, 60],
    // Each takes two files.
    ["to a TCP proxy", proxyTo, 30],
  ] as const)(
    "%s are reset and told of while the others are served, and taken when there is room",
    async (_to, textOf, keptMin) => {
      await using echo = await echoServer();
      using scratch = new Scratch();
      await using on = await Emulating.start(
        scratch.file("dependencies.yaml", textOf(echo.address)),
        256,
      );
      const { sockets, stands } = await open(on.port, 400);
      const [kept, reset] = ["open", "ECONNRESET"].map(
        (how) => stands.filter((each) => each === how).length,
      ) as [number, number];
      expect(kept + reset, [...new Set(stands)].join()).toBe(400);
      expect(kept).toBeGreaterThan(keptMin);
      expect(reset).toBeGreaterThan(144);
      // Told once, whatever the number.
      await expect.poll(() => on.stderr).toContain("ulimit -n");
      const told =
        /! the emulator turns connections away, .* too many open files: 256 are allowed/g;
      expect(on.stderr.match(told)).toHaveLength(1);
      const first = sockets[stands.indexOf("open")]!;
      const answered = once(first, "data");
      first.write(REQUEST);
      expect(String((await answered)[0])).toMatch(/^HTTP\/1.1 200 |^GET /);
      await close(sockets);
      await expect
        .poll(async () => {
          const again = await open(on.port, keptMin);
          await close(again.sockets);
          return new Set(again.stands);
        })
        .toEqual(new Set(["open"]));
      expect(await on.end()).toBe(0);
    },
  );
});
