import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { describe, expect, it, vi } from "vitest";
import { request } from "undici";
import type { EmulatedCall } from "../../src/measure/index.ts";
import { ARMS, bed, STARTS } from "./emulator-fixture.ts";

const INSTANT = { latency: { kind: "constant", value: "0ms" } };
const NEVER = { latency: { kind: "constant", value: "10m" } };

/** What became of it: "ended", or the error's name. */
const endOf = (answer: Promise<unknown>): Promise<string> =>
  answer.then(
    () => "ended",
    (thrown: unknown) => (thrown instanceof Error ? thrown.name : "thrown"),
  );

const open = async (url: string): Promise<Socket> => {
  const socket = connect({ port: Number(new URL(url).port), host: "127.0.0.1" });
  await once(socket, "connect");
  return socket;
};

describe.each(STARTS)("emulator %s", (_where, start) => {
  it("gives the same request the same delay and the same fault in both arms", async () => {
    await using on = await bed(start, {
      latency: { kind: "lognormal", median: "1ms", sigma: 0.5 },
      errors: { ratio: "30%" },
    });
    const statuses: Record<string, number[]> = { control: [], variant: [] };
    for (let seq = 0; seq < 40; seq++) {
      for (const arm of ARMS) {
        if (arm === "variant") await on.call(arm, "/only-the-variant", { seq });
        statuses[arm]?.push((await on.call(arm, `/items/${seq % 3}`, { seq })).status);
      }
    }
    expect(statuses["variant"]).toEqual(statuses["control"]);
    expect(new Set(statuses["control"])).toEqual(new Set([200, 503]));
    const calls = await on.calls();
    expect(calls).toHaveLength(120);
    for (const control of calls.filter(({ arm }) => arm === 0)) {
      const isTwin = ({ arm, seq, key }: EmulatedCall): boolean =>
        arm === 1 && seq === control.seq && key === control.key;
      const { meantDelayUs, outcome, attempt } = control;
      expect(calls.filter(isTwin)).toMatchObject([{ meantDelayUs, outcome, attempt }]);
      expect(control.givenDelayUs).toBeGreaterThanOrEqual(meantDelayUs);
    }
  });

  it("tells a limited caller when to come back, in header and record, per arm", async () => {
    await using on = await bed(start, {
      ...INSTANT,
      limit: { kind: "token-bucket", rate: "1/m", burst: 2 },
    });
    const replies = [];
    for (let i = 0; i < 3; i++) replies.push(await on.call("control", "/", { seq: i }));
    const other = await on.call("variant", "/");
    expect(replies.map(({ status }) => status)).toEqual([200, 200, 429]);
    expect(other.status).toBe(200);
    const limited = (await on.calls()).filter(({ outcome }) => outcome === "limited");
    expect(limited).toMatchObject([{ arm: 0, seq: 2, status: 429, meantDelayUs: 0 }]);
    expect(limited[0]!.retryAfterMs).toBeGreaterThan(50_000);
    expect(limited[0]!.retryAfterMs).toBeLessThanOrEqual(60_000);
    const wholeSeconds = String(Math.ceil(limited[0]!.retryAfterMs / 1_000));
    expect(replies[2]?.headers["retry-after"]).toBe(wholeSeconds);
  });

  it("records a call that the caller gave up on, and frees its place", async () => {
    await using on = await bed(start, NEVER);
    const giveUp = new AbortController();
    const url = `${on.urlOf("control")}/slow`;
    const end = endOf(request(url, { dispatcher: on.agent, signal: giveUp.signal }));
    const counts = async () => (await on.emulator.snapshot())["stock"]?.["control"];
    await expect.poll(counts).toMatchObject({ calls: 1, inFlight: 1, aborted: 0 });
    giveUp.abort();
    expect(await end).toBe("AbortError");
    await expect.poll(counts).toMatchObject({ calls: 1, inFlight: 0, aborted: 1, connections: 0 });
    const [call, ...rest] = await on.calls();
    expect(rest).toEqual([]);
    expect(call).toMatchObject({ outcome: "aborted", status: 0, attempt: 1, meantDelayUs: 600e6 });
  });

  it("stops with calls in flight: they are recorded, and the ledger adds up", async () => {
    await using on = await bed(start, NEVER);
    const ends = [1, 2, 3].map(async (seq) => endOf(on.call("variant", `/${seq}`, { seq })));
    const inFlight = async () => (await on.emulator.snapshot())["stock"]?.["variant"]?.inFlight;
    await expect.poll(inFlight).toBe(3);
    const totals = await on.emulator.stop();
    expect(await Promise.all(ends)).toEqual(Array.from({ length: 3 }, () => "SocketError"));
    const nothingElse = { evictions: 0, asked: 0, alone: 0, stoodStillMs: 0 };
    expect(totals).toEqual({ calls: 3, lostRows: 0, keptRows: 3, ...nothingElse });
    expect(await on.emulator.stop()).toEqual(totals);
    const calls = await on.calls();
    expect(calls.map(({ outcome }) => outcome)).toEqual(["aborted", "aborted", "aborted"]);
    expect(new Set(calls.map(({ seq }) => seq))).toEqual(new Set([1, 2, 3]));
    const after = (await on.emulator.snapshot())["stock"]?.["variant"];
    expect(after).toMatchObject({ calls: 3, inFlight: 0, aborted: 3, connections: 0 });
    await expect(open(on.urlOf("variant"))).rejects.toThrow(/ECONNREFUSED/);
  });

  it("counts connections, and calls in flight, as they are when a call arrives", async () => {
    await using on = await bed(start, NEVER);
    const [first, second] = [await open(on.urlOf("control")), await open(on.urlOf("control"))];
    const counts = async () => (await on.emulator.snapshot())["stock"]?.["control"];
    await expect.poll(counts).toMatchObject({ connections: 2 });
    first.write("GET /1 HTTP/1.1\r\nhost: a\r\n\r\n");
    await expect.poll(counts).toMatchObject({ inFlight: 1 });
    second.write("GET /2 HTTP/1.1\r\nhost: a\r\n\r\n");
    await expect.poll(counts).toMatchObject({ inFlight: 2 });
    first.destroy();
    await expect.poll(counts).toMatchObject({ inFlight: 1, connections: 1 });
    second.destroy();
    await expect.poll(counts).toMatchObject({ inFlight: 0, connections: 0 });
    const calls = await on.calls();
    expect(calls.map(({ inFlight, connections }) => [inFlight, connections])).toEqual([
      [1, 2],
      [2, 2],
    ]);
    expect(new Set(calls.map(({ connection }) => connection)).size).toBe(2);
  });
});

describe("emulator on the wire", () => {
  const [, start] = STARTS[0];

  it("survives bytes that are not HTTP", async () => {
    await using on = await bed(start, INSTANT);
    const garbage = [
      "\0\x01\x02\xff\xfe\r\n\r\n",
      "GET\r\n\r\n",
      "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: -5\r\n\r\n",
      "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\nzz\r\nhello",
      `GET / HTTP/1.1\r\nhost: a\r\nx: ${"y".repeat(100_000)}\r\n\r\n`,
      "CONNECT a:80 HTTP/1.1\r\nhost: a\r\n\r\n",
      "GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\nbytes",
    ];
    for (const bytes of garbage) {
      const socket = await open(on.urlOf("control"));
      socket.on("error", () => {});
      const closed = new Promise((resolve) => void socket.once("close", resolve));
      socket.end(Buffer.from(bytes, "latin1"));
      socket.resume();
      await closed;
    }
    expect((await on.call("control", "/still-here")).status).toBe(200);
    const { calls } = await on.emulator.stop();
    expect(await on.calls()).toHaveLength(calls);
  });

  it("answers 413 to a body over 10 MB, and reads one of 10 MB", async () => {
    await using on = await bed(start, INSTANT);
    const large = await on.call("control", "/", { body: Buffer.alloc(10_000_001) });
    const largest = await on.call("control", "/", { body: Buffer.alloc(10_000_000) });
    expect([large.status, largest.status]).toEqual([413, 200]);
    const calls = await on.calls();
    expect(calls.map(({ outcome }) => outcome)).toEqual(["error", "ok"]);
  });

  it("answers pipelined calls in their order, each with its own record", async () => {
    await using on = await bed(start, INSTANT);
    const socket = await open(on.urlOf("control"));
    const paths = ["/1", "/2", "/3"];
    socket.write(paths.map((path) => `GET ${path} HTTP/1.1\r\nhost: a\r\n\r\n`).join(""));
    let text = "";
    socket.on("data", (chunk) => (text += chunk.toString()));
    await vi.waitFor(() => expect(text.match(/"path":"\/\d"/g)).toHaveLength(3), {
      timeout: 10_000,
    });
    expect(text.match(/"path":"\/\d"/g)).toEqual(paths.map((path) => `"path":"${path}"`));
    socket.destroy();
    const calls = await on.calls();
    expect(calls.map(({ outcome }) => outcome)).toEqual(["ok", "ok", "ok"]);
    expect(calls.every(({ givenDelayUs }) => givenDelayUs >= 0)).toBe(true);
  });

  it("keeps idle connections longer than callers do, and sends no body to a HEAD", async () => {
    await using on = await bed(start, { ...INSTANT, cacheTtl: "5s", response: { body: "hello" } });
    const url = on.urlOf("control");
    const head = await request(url, { dispatcher: on.agent, method: "HEAD" });
    expect(await head.body.text()).toBe("");
    expect(head.headers).toMatchObject({
      "content-length": "5",
      "cache-control": "max-age=5",
    });
    const { headers } = await on.call("control", "/");
    expect(headers["keep-alive"]).toBe("timeout=75");
    const post = { body: "buy" };
    await on.call("control", "/", post);
    expect((await on.calls()).map(({ safe }) => safe)).toEqual([true, true, false]);
  });
});
