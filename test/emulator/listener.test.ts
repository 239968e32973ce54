import * as fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import {
  BODY,
  type Caller,
  dependencyOf,
  dial,
  requestText,
  stock,
  WAYS,
} from "./deliver-fixture.ts";
import type { Bed } from "./emulator-fixture.ts";

const QUICK = { interval: 5, timeout: 10_000 };
const counts = async (on: Bed) => (await on.emulator.snapshot())["stock"]!["control"]!;
const REQUEST_TIMEOUT = { requestTimeout: "150ms" };

async function whole(on: Bed): Promise<Caller> {
  const caller = await dial(on.urlOf("control"));
  caller.socket.write(requestText("/", "GET", "connection: close\r\n"));
  await caller.ended;
  return caller;
}

/** Bytes that begin like a request, or are none at all. */
const piece = fc.oneof(
  { weight: 3, arbitrary: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)) },
  fc
    .constantFrom(
      requestText("/"),
      requestText("/", "POST", "content-length: 3\r\n"),
      requestText("/", "POST", "transfer-encoding: chunked\r\n"),
      "3\r\nabc\r\n",
      "0\r\n\r\n",
      "ffffffffffffffff\r\n",
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
      "PRI ",
      "GET / HTTP/1.1\r\n",
      "host: a\r\nhost: b\r\n\r\n",
      "content-length: 1\r\ncontent-length: 2\r\n\r\n",
      "\r\n\r\n",
      "\0\0\0\x04\0\0\0\0\0",
      "\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03",
    )
    .map((text) => Buffer.from(text, "latin1")),
);
const bytes = fc.array(piece, { minLength: 1, maxLength: 5 });

describe.each(WAYS)("bad input, %s", (way, tls) => {
  it("whatever bytes come, in whatever pieces: everybody else is served, all calls end", async () => {
    await using on = await stock({
      ...tls,
      errors: {
        ratio: 0.3,
        fault: [{ fault: "reset" }, { fault: "garbage" }, { fault: "goaway" }],
      },
    });
    await fc.assert(
      fc.asyncProperty(bytes, fc.boolean(), async (pieces, abrupt) => {
        const caller = await dial(on.urlOf("control"));
        for (const each of pieces) {
          caller.socket.write(each);
          await new Promise((resolve) => void setImmediate(resolve));
        }
        if (abrupt) caller.socket.destroy();
        else caller.socket.end();
        await caller.ended;
      }),
      { numRuns: way === "clear" ? 150 : 60 },
    );
    await expect.poll(() => counts(on), QUICK).toMatchObject({ inFlight: 0, connections: 0 });
    await on.emulator.change("stock", dependencyOf(tls));
    expect((await whole(on)).text()).toContain(BODY);
    const { calls } = await on.emulator.stop();
    expect(await on.calls()).toHaveLength(calls);
  });

  it.each([
    ["half a head", "GET / HTT"],
    ["headers that never end", "GET / HTTP/1.1\r\nhost: a\r\n"],
    ["a body that never comes", requestText("/", "POST", "content-length: 10\r\n")],
    ["a body that stops", `${requestText("/", "POST", "content-length: 10\r\n")}half`],
  ])("%s is answered with 408, and its connection closed", async (_name, text) => {
    await using on = await stock({ ...tls, ...REQUEST_TIMEOUT });
    const caller = await dial(on.urlOf("control"));
    caller.socket.write(text);
    await caller.ended;
    expect(caller.text()).toMatch(/^HTTP\/1.1 408 /);
    await expect.poll(() => counts(on), QUICK).toMatchObject({ inFlight: 0, connections: 0 });
  });

  it("headers past 64 KiB are answered with 431 (TLS may hang up first); those below are served", async () => {
    await using on = await stock(tls);
    const past = await dial(on.urlOf("control"));
    past.socket.write(requestText("/", "GET", `x: ${"y".repeat(65_540)}\r\n`));
    await past.ended;
    expect(past.text()).toMatch(way === "clear" ? /^HTTP\/1.1 431 / : /^$|^HTTP\/1.1 431 /);
    const below = await dial(on.urlOf("control"));
    below.socket.write(
      requestText("/", "GET", `connection: close\r\nx: ${"y".repeat(60_000)}\r\n`),
    );
    await below.ended;
    expect(below.text()).toMatch(/^HTTP\/1.1 200 /);
    expect(await counts(on)).toMatchObject({ calls: 1 });
  });
});

describe("connections that ask nothing", () => {
  it("are not hung up on while others are served, nor for being idle between calls", async () => {
    await using on = await stock(REQUEST_TIMEOUT);
    const caller = await dial(on.urlOf("control"));
    const idle = await dial(on.urlOf("control"));
    caller.socket.write(requestText("/"));
    await vi.waitFor(() => expect(caller.text()).toContain(BODY), QUICK);
    // A half request on a third connection tells that the time has passed.
    const half = await dial(on.urlOf("control"));
    half.socket.write("P");
    await half.ended;
    expect(half.text()).toMatch(/^HTTP\/1.1 408 /);
    for (const { socket } of [caller, idle]) socket.write(requestText("/again"));
    await vi.waitFor(() => expect(idle.text()).toContain(BODY), QUICK);
    await vi.waitFor(() => expect(caller.text().split(BODY)).toHaveLength(3), QUICK);
    for (const { socket } of [caller, idle]) socket.destroy();
  });

  it("are hung up on at stop, 2,000 of them, with whatever they began", async () => {
    await using on = await stock();
    const callers: Caller[] = [];
    for (let i = 0; i < 20; i++) {
      callers.push(
        ...(await Promise.all(Array.from({ length: 100 }, () => dial(on.urlOf("control"))))),
      );
    }
    for (const [index, { socket }] of callers.entries()) {
      if (index % 10 === 0)
        socket.write(["P", "PRI * ", "GET / HT", "PRI * HTTP/2.0\r\n"][(index / 10) % 4]!);
    }
    await expect.poll(() => counts(on), QUICK).toMatchObject({ connections: 2_000, calls: 0 });
    expect((await whole(on)).text()).toContain(BODY);
    await on.emulator.stop();
    const ends = await Promise.all(callers.map(({ ended }) => ended));
    expect(ends.every((end) => end === "end" || end === "ECONNRESET")).toBe(true);
    expect(await counts(on)).toMatchObject({ connections: 0, inFlight: 0, calls: 1 });
  });
});
