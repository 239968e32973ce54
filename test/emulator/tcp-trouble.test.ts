import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { describe, expect, it } from "vitest";
import { callsOfExchanges } from "../../src/detect/exchanges.ts";
import { dependencySchema, startEmulatorThread, withProbes } from "../../src/emulator/index.ts";
import { startTcpDependency, tcpSchema, type TcpProxy } from "../../src/emulator/tcp/index.ts";
import { echoServer, tcpBed, type TcpBed } from "./tcp-fixture.ts";

const S = 1e9;
const WELL_AT_S = 150;
const SLOWED_AT_S = 50;
const HUNG_AT_S = 250;
const AWAY_AT_S = 450;
const TROUBLES = [
  { trouble: { kind: "slowed", factor: 3 }, fromNs: 0, toNs: 100 * S },
  { trouble: { kind: "hung" }, fromNs: 200 * S, toNs: 300 * S },
  { trouble: { kind: "away" }, fromNs: 400 * S, toNs: 500 * S },
] as const;

/** Says a line, and resolves to what comes back; null where the connection is over first. */
async function ask(socket: Socket, line: string): Promise<string | null> {
  socket.write(line);
  const answer = once(socket, "data").then(([chunk]) => String(chunk));
  const over = once(socket, "close").then(() => null);
  return Promise.race([answer, over]);
}

/** What becomes of a connection: the system's code, or nothing where it is taken. */
const errorOf = async (socket: Socket): Promise<string | undefined> => {
  const taken = once(socket, "connect").then(() => undefined);
  const refused = new Promise<string | undefined>((resolve) => {
    socket.on("error", (error: NodeJS.ErrnoException) => resolve(error.code));
  });
  const code = await Promise.race([taken, refused]).catch(() => refused);
  socket.destroy();
  return code;
};

const codeOf = async (socket: Socket): Promise<string | undefined> => {
  const [error] = (await once(socket, "error")) as [NodeJS.ErrnoException];
  return error.code;
};

interface Troubled extends AsyncDisposable {
  readonly bed: TcpBed;
  readonly proxy: TcpProxy;
  /** As if traffic had begun so many seconds ago. */
  at(seconds: number): Promise<void>;
  open(): Promise<Socket>;
}

async function troubled(): Promise<Troubled> {
  const [bed, echo] = await Promise.all([tcpBed(), echoServer()]);
  const spec = tcpSchema.parse({ upstream: echo.address, latency: "20ms" });
  const { clock, deadlines } = bed.context;
  const proxy = await startTcpDependency({
    ...bed.context,
    name: "echo",
    spec,
    troubles: TROUBLES,
  });
  const port = Number(proxy.listen.split(":")[1]);
  const sockets: Socket[] = [];
  return {
    bed,
    proxy,
    async at(seconds) {
      proxy.begin(clock.nowNs() - seconds * S);
      // Whatever was due before this is done.
      await new Promise<void>((resolve) => void deadlines.at(clock.nowNs(), resolve));
    },
    async open() {
      const socket = connect(port, "127.0.0.1");
      sockets.push(socket);
      await once(socket, "connect");
      return socket;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await proxy.stop();
      await echo[Symbol.asyncDispose]();
      await bed[Symbol.asyncDispose]();
    },
  };
}

describe("what a stage does to a dependency behind a proxy of TCP", () => {
  it("slowed: an answer takes so many times as long, its toxics included", async () => {
    await using on = await troubled();
    await on.at(SLOWED_AT_S);
    const socket = await on.open();
    expect(await ask(socket, "slow")).toBe("slow");
    await on.at(WELL_AT_S);
    expect(await ask(socket, "quick")).toBe("quick");
    socket.destroy();
    await on.proxy.stop();
    const [slow, quick] = on.bed.exchanges.map(({ downNs, upNs }) => downNs! - upNs);
    expect(slow).toBeGreaterThanOrEqual(60e6);
    expect(quick).toBeGreaterThanOrEqual(20e6);
  });

  it("hung: who asks, or comes, is not answered, and is hung up on in the end; others are as before", async () => {
    await using on = await troubled();
    await on.at(WELL_AT_S);
    const [idle, asks] = [await on.open(), await on.open()];
    expect(await ask(asks, "before")).toBe("before");
    await on.at(HUNG_AT_S);
    const comes = await on.open();
    const answers: string[] = [];
    for (const socket of [asks, comes]) socket.on("data", (chunk) => answers.push(String(chunk)));
    asks.write("lost");
    comes.write("lost, too");
    await expect.poll(() => on.proxy.snapshot().inFlight).toBe(2);
    asks.destroy();
    await expect.poll(() => on.bed.records.length).toBe(1);
    const over = once(comes, "close");
    await on.at(WELL_AT_S);
    await over;
    expect(answers).toEqual([]);
    expect(await ask(idle, "still here")).toBe("still here");
    expect(await ask(await on.open(), "new here")).toBe("new here");
    await expect.poll(() => on.bed.records.length).toBe(2);
    const lost = on.bed.exchanges.filter(({ downNs }) => downNs === null);
    const calls = callsOfExchanges(
      lost.map((each) => ({ ...each, arm: 0, dependency: 0 })),
      on.bed.records.map((each) => ({ ...each, arm: 0, dependency: 0 })),
    );
    expect(calls.map(({ fault, outcome }) => [fault, outcome])).toEqual([
      ["hang", "aborted"],
      ["hang", "error"],
    ]);
    for (const { arriveNs, endNs } of calls) expect(endNs).toBeGreaterThan(arriveNs);
  });

  it("away: nobody gets in, who asks is cut off, and then the same port listens again", async () => {
    await using on = await troubled();
    await on.at(WELL_AT_S);
    const [idle, asks] = [await on.open(), await on.open()];
    expect(await ask(asks, "before")).toBe("before");
    await on.at(AWAY_AT_S);
    const port = Number(on.proxy.listen.split(":")[1]);
    expect(await codeOf(connect(port, "127.0.0.1"))).toBe("ECONNREFUSED");
    const cut = codeOf(asks);
    asks.write("anybody there?");
    expect(await cut).toBe("ECONNRESET");
    await on.at(WELL_AT_S);
    expect(await ask(idle, "still here")).toBe("still here");
    await expect.poll(() => on.open().catch(() => null)).not.toBeNull();
    const [record] = on.bed.records;
    expect(record).toMatchObject({ outcome: "reset", closedBy: "proxy" });
    const lost = on.bed.exchanges.filter(({ downNs }) => downNs === null);
    const [call] = callsOfExchanges(
      lost.map((each) => ({ ...each, arm: 0, dependency: 0 })),
      [{ ...record!, arm: 0, dependency: 0 }],
    );
    expect(call).toMatchObject({ fault: "reset", outcome: "error" });
  });

  it("away when it is stopped: it stays stopped", async () => {
    await using on = await troubled();
    await on.at(AWAY_AT_S);
    await on.proxy.stop();
    await on.at(WELL_AT_S);
    expect(on.proxy.enabled).toBe(false);
  });
});

describe("a stage's probe of a dependency behind a proxy of TCP", () => {
  it("counts from when traffic begins, in every arm", async () => {
    const echo = await echoServer();
    await using _echo = echo;
    const stock = dependencySchema.parse({ protocol: "tcp", tcp: { upstream: echo.address } });
    const probe = { dependency: "stock", outage: true } as const;
    const window = { probe, fromNs: 0, toNs: 1_000 * S };
    const originNs = process.hrtime.bigint();
    const emulator = await startEmulatorThread({
      arms: ["control", "variant"],
      dependencies: withProbes({ stock }, [window]),
      seed: "1",
      runId: "0123456789abcdef",
      originNs,
      spoolPath: null,
    });
    try {
      const ports = ["control", "variant"].map((arm) =>
        Number(/\d+$/.exec(emulator.addresses["stock"]![arm]!)?.[0]),
      );
      const refusals = (): Promise<(string | undefined)[]> =>
        Promise.all(ports.map(async (port) => errorOf(connect(port, "127.0.0.1"))));
      expect(await refusals()).toEqual([undefined, undefined]);
      await emulator.begin(process.hrtime.bigint());
      await expect.poll(refusals).toEqual(["ECONNREFUSED", "ECONNREFUSED"]);
    } finally {
      await emulator.stop();
    }
  });

  it("is refused where it would have to answer, or to be quicker than it is", () => {
    const stock = dependencySchema.parse({ protocol: "tcp", tcp: { upstream: "127.0.0.1:1" } });
    const probing = (done: object) => () =>
      withProbes({ stock }, [{ probe: { dependency: "stock", ...done }, fromNs: 0, toNs: S }]);
    expect(probing({ errors: 0.5 })).toThrow(/^stock .* no answers that could be errors/);
    expect(probing({ latency: { factor: 0.5 } })).toThrow(/^stock .* slower, not quicker/);
    expect(probing({ latency: { factor: 1 } })).not.toThrow();
  });
});
