import { Agent, request } from "undici";
import { describe, expect, it, vi } from "vitest";
import { systemCodeOf } from "../../src/core/index.ts";
import {
  always,
  BODY,
  CERTIFICATE,
  dependencyOf,
  dial,
  partsOf,
  requestText,
  stock,
  WAYS,
} from "./deliver-fixture.ts";

const HALF = BODY.slice(0, 50);
const SLOW = { kind: "constant", value: "700ms" };
const OK = "HTTP/1.1 200 OK";

interface Seen {
  readonly fault: unknown;
  /** The status line; empty: not a byte of it. */
  readonly status: string | null;
  readonly body: string | null;
  readonly end: "end" | "ECONNRESET";
  /** What undici, a parser that minds, makes of it. */
  readonly undici: string | number;
  readonly call: Readonly<Record<string, unknown>>;
  /** It cannot end sooner. */
  readonly lastsNs?: number;
}

const good = { outcome: "ok", status: 200, responseBytes: 100 };
const none = { outcome: "error", status: 0, responseBytes: 0 };
const CONTRACT: readonly Seen[] = [
  {
    fault: "reset",
    status: "",
    body: "",
    end: "ECONNRESET",
    undici: "ECONNRESET",
    call: { ...none, fault: "reset" },
  },
  {
    fault: { kind: "reset", when: "amid" },
    status: OK,
    body: HALF,
    end: "ECONNRESET",
    undici: "ECONNRESET",
    call: { outcome: "error", status: 200, responseBytes: 50, fault: "reset" },
  },
  {
    fault: { kind: "reset", when: "after" },
    status: OK,
    body: BODY,
    end: "ECONNRESET",
    undici: 200,
    call: { ...good, fault: "reset" },
  },
  {
    fault: "empty",
    status: "",
    body: "",
    end: "end",
    undici: "UND_ERR_SOCKET",
    call: { ...none, fault: "empty" },
  },
  {
    fault: "garbage",
    status: null,
    body: null,
    end: "end",
    undici: "HTTPParserError",
    call: { ...none, fault: "garbage" },
  },
  {
    fault: "malformed-chunk",
    status: OK,
    body: "this is no chunk\r\n",
    end: "end",
    undici: "HTTPParserError",
    call: { outcome: "error", status: 200, responseBytes: 0, fault: "malformed-chunk" },
  },
  {
    fault: { kind: "truncated", share: 0.5 },
    status: OK,
    body: HALF,
    end: "end",
    undici: "UND_ERR_SOCKET",
    call: { outcome: "error", status: 200, responseBytes: 50, fault: "truncated" },
  },
  {
    fault: { kind: "slow-headers", over: "20ms" },
    status: OK,
    body: BODY,
    end: "end",
    undici: 200,
    call: { ...good, fault: "slow-headers" },
    lastsNs: 20e6,
  },
  {
    fault: { kind: "slow-close", after: "20ms" },
    status: OK,
    body: BODY,
    end: "end",
    undici: 200,
    call: { ...good, fault: "slow-close" },
  },
  {
    fault: "early-close",
    status: OK,
    body: BODY,
    end: "end",
    undici: 200,
    call: { ...good, fault: "early-close" },
  },
  {
    fault: "goaway",
    status: OK,
    body: BODY,
    end: "end",
    undici: 200,
    call: { ...good, fault: "goaway" },
  },
];

const nameOf = (fault: unknown): string =>
  typeof fault === "string" ? fault : JSON.stringify(fault);

const failureOf = (thrown: unknown): string =>
  systemCodeOf(thrown) ?? (thrown instanceof Error ? thrown.name : "thrown");

describe.each(WAYS)("a fault over HTTP/1.1, %s", (_way, tls) => {
  it.each(CONTRACT.map((seen) => [nameOf(seen.fault), seen] as const))(
    "%s is seen by the caller as what it is, and recorded so",
    async (_name, seen) => {
      await using on = await stock({ ...always(seen.fault), ...tls });
      const caller = await dial(on.urlOf("control"));
      caller.socket.write(requestText("/raw"));
      expect(await caller.ended).toBe(seen.end);
      const { body, status } = partsOf(caller.text());
      expect(seen.status === null ? [null, null] : [status, body]).toEqual([
        seen.status,
        seen.body,
      ]);
      expect(caller.text().startsWith("HTTP")).toBe(status.startsWith("HTTP"));
      const agent = new Agent({ connect: { ca: CERTIFICATE.cert }, allowH2: false });
      const answer = await request(`${on.urlOf("variant")}/undici`, { dispatcher: agent })
        .then(async (response) => (await response.body.text(), response.statusCode))
        .catch(failureOf);
      await agent.destroy();
      expect(answer).toBe(seen.undici);
      const calls = await on.calls();
      expect(calls).toHaveLength(2);
      for (const call of calls) {
        expect(call).toMatchObject(seen.call);
        expect(call.endNs - call.arriveNs).toBeGreaterThanOrEqual(seen.lastsNs ?? 0);
      }
    },
  );

  it("hang: nothing comes, until the caller gives up", async () => {
    await using on = await stock({ ...always("hang"), ...tls });
    const caller = await dial(on.urlOf("control"));
    caller.socket.write(requestText("/"));
    const counts = async () => (await on.emulator.snapshot())["stock"]?.["control"];
    await expect.poll(counts).toMatchObject({ inFlight: 1 });
    caller.socket.destroy();
    await expect.poll(counts).toMatchObject({ inFlight: 0, aborted: 1 });
    expect(caller.text()).toBe("");
    expect(await on.calls()).toMatchObject([{ fault: "hang", outcome: "aborted", status: 0 }]);
  });

  it.each([
    ["slow-body", { kind: "slow-body", over: "20ms" }, 200],
    ["status", { kind: "status", status: 502, body: BODY }, 502],
  ])("%s: the answer is whole and its connection lives on", async (kind, fault, status) => {
    await using on = await stock({ ...always(fault), ...tls });
    const caller = await dial(on.urlOf("control"));
    for (let count = 1; count <= 2; count++) {
      caller.socket.write(requestText("/"));
      await vi.waitFor(() => expect(caller.text().split(BODY)).toHaveLength(count + 1), {
        timeout: 10_000,
      });
    }
    caller.socket.destroy();
    expect(caller.text().match(/HTTP\/1.1 \d+/g)).toEqual([
      `HTTP/1.1 ${status}`,
      `HTTP/1.1 ${status}`,
    ]);
    const outcome = status === 200 ? "ok" : "error";
    const call = { fault: kind, outcome, status, responseBytes: 100, connection: 0 };
    expect(await on.calls()).toMatchObject([call, call]);
  });

  it("hurts no call on another connection", async () => {
    const fault = ["reset", "garbage", "truncated"].map((name) => ({ fault: name }));
    await using on = await stock({ errors: { ratio: 0.5, fault }, ...tls });
    const ends = await Promise.all(
      Array.from({ length: 30 }, async (_, i) => {
        const caller = await dial(on.urlOf("control"));
        caller.socket.write(requestText(`/${i}`, "GET", "connection: close\r\n"));
        await caller.ended;
        return caller.text().endsWith(BODY);
      }),
    );
    const calls = await on.calls();
    expect(calls).toHaveLength(30);
    expect(calls.filter(({ fault: kind }) => kind === "none")).toHaveLength(
      ends.filter(Boolean).length,
    );
    expect(new Set(ends).size).toBe(2);
  });
});

describe("a fault over HTTP/1.1", () => {
  it.each([
    ["reset", "ECONNRESET"],
    ["empty", "end"],
    ["garbage", "end"],
    ["malformed-chunk", "end"],
    ["truncated", "end"],
    ["early-close", "end"],
  ])(
    "%s waits its turn behind an earlier answer, and takes the later ones along",
    async (fault, end) => {
      const during = { kind: "windows", windows: [{ from: "0s", to: "1h" }] };
      await using on = await stock({ errors: { kind: "during", during, fault } });
      await on.emulator.change("stock", dependencyOf({ latency: SLOW }));
      const caller = await dial(on.urlOf("control"));
      caller.socket.write(requestText("/first"));
      const inFlight = async () => (await on.emulator.snapshot())["stock"]?.["control"]?.inFlight;
      await expect.poll(inFlight, { interval: 5, timeout: 10_000 }).toBe(1);
      await on.emulator.change("stock", dependencyOf({ ...always(fault) }));
      caller.socket.write(requestText("/second") + requestText("/third"));
      expect(await caller.ended).toBe(end);
      expect(caller.text()).toMatch(new RegExp(`^HTTP/1.1 200 OK[^]*${BODY}`));
      const calls = await on.calls();
      expect(calls.map(({ outcome }) => outcome)).toEqual([
        "ok",
        fault === "early-close" ? "ok" : "error",
        "aborted",
      ]);
      expect(calls[1]?.fault).toBe(fault);
    },
  );

  it.each(["truncated", "early-close", "malformed-chunk", "slow-close", "slow-body"])(
    "%s sends no body to a HEAD, and records none",
    async (kind) => {
      const slow = { "slow-body": { kind, over: "5ms" }, "slow-close": { kind, after: "5ms" } };
      const fault = kind in slow ? slow[kind as keyof typeof slow] : kind;
      await using on = await stock({ ...always(fault) });
      const caller = await dial(on.urlOf("control"));
      caller.socket.write(requestText("/", "HEAD", "connection: close\r\n"));
      expect(await caller.ended).toBe("end");
      expect(partsOf(caller.text())).toEqual({ status: OK, body: "" });
      expect(await on.calls()).toMatchObject([{ fault: kind, status: 200, responseBytes: 0 }]);
    },
  );
});
