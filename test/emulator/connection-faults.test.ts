import { once } from "node:events";
import { connect as connectHttp2 } from "node:http2";
import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { describe, expect, it, vi } from "vitest";
import { systemCodeOf } from "../../src/core/index.ts";
import { createWorlds } from "../../src/emulator/world.ts";
import {
  ConnectionFaults,
  connectionFaultSchema,
} from "../../src/emulator/listen/connection-faults.ts";
import { CERTIFICATE, dependencyOf, dial, requestText, stock } from "./deliver-fixture.ts";
import type { Bed } from "./emulator-fixture.ts";

/** Now and again, so that a slow machine misses one time and sees the next. */
const halfOf = (ms: number) => ({ kind: "every", every: `${ms}ms`, lasts: `${ms / 2}ms` });
const QUICK = { interval: 5, timeout: 20_000 };

const portOf = (on: Bed): number => Number(new URL(on.urlOf("control")).port);

const connectingTo = (on: Bed): Socket => {
  const socket = connect({ host: "127.0.0.1", port: portOf(on) });
  socket.on("error", () => {});
  return socket;
};

/** "connected", or the error's code. */
async function knock(on: Bed): Promise<string> {
  const socket = connectingTo(on);
  try {
    await once(socket, "connect");
    return "connected";
  } catch (thrown) {
    return systemCodeOf(thrown) ?? "thrown";
  } finally {
    socket.destroy();
  }
}

async function served(on: Bed): Promise<string> {
  const caller = await dial(on.urlOf("control"));
  caller.socket.write(requestText("/", "GET", "connection: close\r\n"));
  await caller.ended;
  return caller.text().split("\r\n")[0] ?? "";
}

/** What is answered, or the error's code. */
const outcomeOf = (answer: Promise<string>): Promise<string> =>
  answer.catch((thrown: unknown) => systemCodeOf(thrown) ?? "thrown");

describe("connection faults", () => {
  it("refuse: connections are refused, then served again; an open one lives on", async () => {
    await using on = await stock({ connections: [{ kind: "refuse", during: halfOf(600) }] });
    const early = await vi.waitFor(async () => {
      const socket = connectingTo(on);
      await once(socket, "connect");
      return socket;
    }, QUICK);
    await expect.poll(() => knock(on), QUICK).toBe("ECONNREFUSED");
    early.write(requestText("/"));
    const [answer] = (await once(early, "data")) as [Buffer];
    expect(answer.toString("latin1")).toMatch(/^HTTP\/1.1 200/);
    await expect.poll(() => outcomeOf(served(on)), QUICK).toBe("HTTP/1.1 200 OK");
    early.destroy();
  });

  it("accept-queue-full: connecting gets no answer, then is served again", async () => {
    await using on = await stock({
      connections: [{ kind: "accept-queue-full", during: halfOf(1_000) }],
    });
    const sockets: Socket[] = [];
    // The queue has room for two or three; whoever comes later waits for an answer.
    await vi.waitFor(() => {
      const waiting = sockets.filter(({ connecting, destroyed }) => connecting && !destroyed);
      if (waiting.length < 2) sockets.push(connectingTo(on));
      expect(waiting.length).toBeGreaterThanOrEqual(2);
    }, QUICK);
    for (const socket of sockets) socket.destroy();
    await expect.poll(() => outcomeOf(served(on)), QUICK).toBe("HTTP/1.1 200 OK");
  });

  it("stops while its port is refused, and while its queue is full", async () => {
    for (const kind of ["refuse", "accept-queue-full"]) {
      await using on = await stock({ connections: [{ kind }] });
      await knock(on);
      await on.emulator.stop();
      expect(await knock(on)).toBe("ECONNREFUSED");
    }
  });

  it("tls-handshake-failure: the hello is answered with an alert; later ones are served", async () => {
    await using on = await stock({
      tls: CERTIFICATE,
      connections: [{ kind: "tls-handshake-failure", during: halfOf(400) }],
    });
    const shake = () => outcomeOf(served(on));
    await expect.poll(shake, QUICK).toMatch(/ALERT_HANDSHAKE_FAILURE/);
    await expect.poll(shake, QUICK).toBe("HTTP/1.1 200 OK");
    const now = (await on.emulator.snapshot())["stock"]?.["control"];
    expect(now?.calls).toBeLessThan(now!.accepted);
  });

  it("tls-stall: the hello is not answered, and the connection stays open", async () => {
    await using on = await stock({ tls: CERTIFICATE, connections: [{ kind: "tls-stall" }] });
    const socket = connectTls({ host: "127.0.0.1", port: portOf(on), ca: CERTIFICATE.cert });
    let said = "";
    socket.on("error", () => {}).on("secureConnect", () => (said = "secure"));
    socket.on("end", () => (said = "end"));
    const counts = async () => (await on.emulator.snapshot())["stock"]?.["control"];
    await expect.poll(counts, QUICK).toMatchObject({ connections: 1, calls: 0 });
    expect(said).toBe("");
    socket.destroy();
    await expect.poll(counts, QUICK).toMatchObject({ connections: 0 });
  });

  it("h2-streams: an open connection is told of fewer streams, and then of as many as it likes", async () => {
    await using on = await stock({
      connections: [{ kind: "h2-streams", streams: 3, during: halfOf(400) }],
    });
    const session = connectHttp2(on.urlOf("control"));
    const told: (number | undefined)[] = [];
    session.on("remoteSettings", ({ maxConcurrentStreams }) => told.push(maxConcurrentStreams));
    await vi.waitFor(() => expect(told).toContain(3), QUICK);
    await vi.waitFor(() => expect(told.slice(told.indexOf(3))).toContain(2 ** 32 - 1), QUICK);
    session.destroy();
  });

  it("needs tls for faults of TLS, and says so", () => {
    expect(() => dependencyOf({ connections: [{ kind: "tls-stall" }] })).toThrow(/needs tls/);
  });

  it("a ratio is the share of connections, and the same ones in both arms", () => {
    const spec = connectionFaultSchema.parse({ kind: "tls-stall", ratio: "30%" });
    const arms = [1, 2].map(() => new ConnectionFaults([spec], createWorlds("seed", {})("stock")));
    const [control, variant] = arms.map((faults) =>
      Array.from({ length: 5_000 }, (_, connection) => faults.greeting(0, connection)),
    );
    expect(variant).toEqual(control);
    const stalled = control!.filter((greeting) => greeting === "tls-stall").length;
    expect(Math.abs(stalled / 5_000 - 0.3)).toBeLessThan(3.3 * Math.sqrt(0.21 / 5_000));
  });
});
