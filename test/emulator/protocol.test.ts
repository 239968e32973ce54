import { once } from "node:events";
import { type ClientHttp2Session, connect as connectHttp2, constants } from "node:http2";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { Agent, request } from "undici";
import { describe, expect, it, vi } from "vitest";
import {
  always,
  BODY,
  CERTIFICATE,
  dial,
  partsOf,
  requestText,
  stock,
  WAYS,
} from "./deliver-fixture.ts";

const PATIENT = { timeout: 10_000 };
const PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/** An empty SETTINGS frame. */
const SETTINGS = Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]);

interface StreamSeen {
  readonly status: number | null;
  readonly body: string;
  readonly code: number;
}

const open = (url: string): ClientHttp2Session => {
  const session = connectHttp2(url, { ca: CERTIFICATE.cert });
  session.on("error", () => {});
  return session;
};

async function ask(session: ClientHttp2Session, method = "GET"): Promise<StreamSeen> {
  const stream = session.request({ ":path": "/", ":method": method });
  let status: number | null = null;
  let body = "";
  stream.on("response", (headers) => (status = headers[":status"] ?? null));
  stream.on("data", (chunk) => (body += String(chunk)));
  stream.on("error", () => {});
  await new Promise((resolve) => void stream.once("close", resolve));
  return { status, body, code: stream.rstCode };
}

const { NGHTTP2_INTERNAL_ERROR, NGHTTP2_NO_ERROR, NGHTTP2_PROTOCOL_ERROR } = constants;
const whole = { status: 200, body: BODY, code: NGHTTP2_NO_ERROR };
const half = BODY.slice(0, 50);

/** What a caller sees of a stream, and whether its connection lives on. */
const CONTRACT: readonly [
  name: string,
  fault: unknown,
  seen: Partial<StreamSeen>,
  lives: boolean,
][] = [
  ["reset", "reset", { status: null, code: NGHTTP2_INTERNAL_ERROR }, true],
  [
    "reset amid",
    { kind: "reset", when: "amid" },
    { status: 200, body: half, code: NGHTTP2_INTERNAL_ERROR },
    true,
  ],
  ["reset after", { kind: "reset", when: "after" }, { status: 200, body: BODY }, false],
  ["empty", "empty", { status: null, body: "", code: NGHTTP2_NO_ERROR }, true],
  ["garbage", "garbage", { status: null, code: NGHTTP2_PROTOCOL_ERROR }, true],
  ["malformed-chunk", "malformed-chunk", { status: 200, code: NGHTTP2_PROTOCOL_ERROR }, true],
  ["truncated", "truncated", { status: 200, body: half, code: NGHTTP2_PROTOCOL_ERROR }, true],
  ["slow-headers", { kind: "slow-headers", over: "5ms" }, whole, true],
  ["slow-body", { kind: "slow-body", over: "5ms" }, whole, true],
  ["slow-close", { kind: "slow-close", after: "5ms" }, whole, false],
  ["early-close", "early-close", whole, false],
  ["goaway", "goaway", whole, false],
];

describe("a fault over HTTP/2", () => {
  it.each(CONTRACT)("%s breaks its stream, not the others", async (name, fault, seen, lives) => {
    await using on = await stock({ ...always(fault), tls: CERTIFICATE });
    const session = open(on.urlOf("control"));
    const closed = new Promise((resolve) => void session.once("close", resolve));
    const streams = [ask(session)];
    if (lives) streams.push(ask(session));
    await Promise.all(streams);
    // And one more, when the others have ended.
    if (lives) streams.push(ask(session));
    for (const stream of await Promise.all(streams)) expect(stream).toMatchObject(seen);
    if (lives) session.destroy();
    await closed;
    const calls = await on.calls();
    const good = ["slow", "early", "goaway"].some((kind) => name.startsWith(kind));
    expect(calls).toHaveLength(lives ? 3 : 1);
    for (const call of calls) {
      expect(call).toMatchObject({
        outcome: good || name === "reset after" ? "ok" : "error",
        status: seen.status ?? 0,
        responseBytes: seen.body?.length ?? 0,
        connection: 0,
      });
    }
  });

  it("goaway is told by its frame; streams that are open end well, none begins", async () => {
    await using on = await stock({
      ...always([
        { weight: 1, fault: { kind: "slow-body", over: "60ms" } },
        { weight: 1, fault: "goaway" },
      ]),
    });
    const session = open(on.urlOf("control"));
    const told = once(session, "goaway");
    const seen: Promise<StreamSeen>[] = [];
    // Both kinds are on their way at once: one says go, the other is still being sent.
    for (let i = 0; i < 8; i++) seen.push(ask(session));
    const [code] = (await told) as [number];
    expect(code).toBe(NGHTTP2_NO_ERROR);
    const ends = await Promise.all(seen);
    expect(ends).toEqual(Array.from({ length: 8 }, () => whole));
    expect(session.closed).toBe(true);
  });

  it("hang: the stream waits while others are served, and goes alone", async () => {
    await using on = await stock(
      always([
        { weight: 1, fault: "hang" },
        { weight: 1, fault: { kind: "status", status: 500 } },
      ]),
    );
    const session = open(on.urlOf("control"));
    const streams = Array.from({ length: 12 }, () => session.request({ ":path": "/" }));
    const counts = async () => (await on.emulator.snapshot())["stock"]?.["control"];
    for (const stream of streams) stream.on("error", () => {}).resume();
    // Until two looks agree: a stream that is to get an error is in flight, too, before it does.
    let errors = 0;
    await vi.waitFor(
      async () => {
        const now = (await counts())!;
        const before = errors;
        errors = now.errors;
        expect(errors).toBeGreaterThan(0);
        expect(before).toBe(errors);
        expect(errors + now.inFlight).toBe(12);
      },
      { ...PATIENT, interval: 100 },
    );
    const hung = (await counts())!.inFlight;
    expect(hung).toBeGreaterThan(0);
    expect(hung).toBeLessThan(12);
    for (const stream of streams) stream.close(constants.NGHTTP2_CANCEL);
    await expect.poll(counts).toMatchObject({ inFlight: 0, aborted: hung, connections: 1 });
    session.destroy();
  });
});

describe.each(WAYS)("HTTP/2, %s", (_way, tls) => {
  it("streams share a connection, a HEAD has no body, a POST's body is read", async () => {
    await using on = await stock(tls);
    const session = open(on.urlOf("control"));
    const many = await Promise.all(Array.from({ length: 10 }, () => ask(session)));
    expect(many).toEqual(many.map(() => whole));
    expect(await ask(session, "HEAD")).toEqual({ ...whole, body: "" });
    const post = session.request({ ":path": "/", ":method": "POST" });
    post.end("x".repeat(1_000)).resume();
    await once(post, "close");
    session.destroy();
    const calls = await on.calls();
    expect(calls.map(({ connection, outcome }) => [connection, outcome])).toEqual(
      calls.map(() => [0, "ok"]),
    );
    expect(calls).toHaveLength(12);
    expect(calls.at(-2)).toMatchObject({ responseBytes: 0, safe: true });
    expect(calls.at(-1)).toMatchObject({ requestBytes: 1_000, responseBytes: 100, safe: false });
  });
});

describe("one port", () => {
  it("speaks both protocols in the clear, however the first bytes come apart", async () => {
    await using on = await stock();
    const url = on.urlOf("control");
    for (const cut of [1, 3, 4, 10, PREFACE.length]) {
      const caller = await dial(url);
      caller.socket.write(PREFACE.slice(0, cut));
      await new Promise((resolve) => void setImmediate(resolve));
      caller.socket.write(Buffer.concat([Buffer.from(PREFACE.slice(cut)), SETTINGS]));
      // The server's own SETTINGS, and the acknowledgement of ours.
      await vi.waitFor(() => expect(caller.text()).toContain("\0\0\0\x04\x01\0\0\0\0"), PATIENT);
      caller.socket.destroy();
    }
    for (const cut of [1, 2, 3]) {
      const caller = await dial(url);
      const text = requestText("/", "PROPFIND", "connection: close\r\n");
      caller.socket.write(text.slice(0, cut));
      await new Promise((resolve) => void setImmediate(resolve));
      caller.socket.write(text.slice(cut));
      await caller.ended;
      expect(partsOf(caller.text()).body).toBe(BODY);
    }
  });

  it.each([
    [["h2", "http/1.1"], "h2"],
    [["http/1.1"], "http/1.1"],
    [undefined, false],
  ])("over TLS, of %s agrees upon %s", async (offered, agreed) => {
    await using on = await stock({ tls: CERTIFICATE });
    const { port } = new URL(on.urlOf("control"));
    const options = { host: "127.0.0.1", port: Number(port), ca: CERTIFICATE.cert };
    const socket: TLSSocket = connectTls(
      offered === undefined ? options : { ...options, ALPNProtocols: offered },
    );
    await once(socket, "secureConnect");
    expect(socket.alpnProtocol).toBe(agreed);
    socket.destroy();
  });

  it.each([true, false])("undici, with allowH2 %s, is served over TLS", async (allowH2) => {
    await using on = await stock({ tls: CERTIFICATE });
    const agent = new Agent({ allowH2, connect: { ca: CERTIFICATE.cert } });
    const response = await request(on.urlOf("control"), { dispatcher: agent });
    expect([response.statusCode, await response.body.text()]).toEqual([200, BODY]);
    await agent.destroy();
  });
});
