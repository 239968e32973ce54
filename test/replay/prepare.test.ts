import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { describe, expect, it } from "vitest";
import { requestIdOf, traceparentOf } from "../../src/core/index.ts";
import type { ProfileRecord } from "../../src/profile/index.ts";
import {
  prepareRequest,
  TRANSPORT_LIMITS,
  TRANSPORTS,
  type TransportName,
} from "../../src/replay/index.ts";
import { CollectingSink, exchangeOnce } from "../../src/testing/index.ts";

const RECORD: ProfileRecord = {
  offsetNs: 0,
  method: "GET",
  path: "/products/7?page=2",
  headers: [
    ["accept", "text/html"],
    ["x-request-id", "of the capture"],
    ["cookie", "a=1"],
    ["traceparent", "of the capture"],
    ["accept", "*/*"],
  ],
  route: "GET /products/{id}",
};
const ARM = { origin: "http://127.0.0.1:8080", headers: {} };

describe("a prepared request", () => {
  it("has the target's host, then the captured headers in order, without captured identities", () => {
    const { headers, method, path, route } = prepareRequest(RECORD, 5, ARM);
    expect({ method, path, route }).toEqual({ method: "GET", path: RECORD.path, route: 5 });
    expect(headers.join(" ")).toBe("host 127.0.0.1:8080 accept text/html cookie a=1 accept */*");
  });

  it("has the arm's own headers in place of captured ones, whatever their case", () => {
    const headers = { Accept: "application/json", "X-Flag": "new", Host: "shop.example" };
    expect(prepareRequest(RECORD, 0, { ...ARM, headers }).headers.join(" ")).toBe(
      "cookie a=1 accept application/json x-flag new host shop.example",
    );
  });

  it("has the captured body's bytes, from text and from base64", () => {
    const bodyOf = (body: ProfileRecord["body"]) =>
      prepareRequest({ ...RECORD, body }, 0, ARM).body?.toString("hex");
    expect(bodyOf({ encoding: "utf8", data: "é" })).toBe("c3a9");
    expect(bodyOf({ encoding: "base64", data: "AP+A" })).toBe("00ff80");
    expect(bodyOf(undefined)).toBeUndefined();
  });
});

const SHAPES: readonly (readonly [string, Partial<ProfileRecord>])[] = [
  ["GET", {}],
  ["GET with Latin-1 in a header", { headers: [["x-name", "caf\u00e9 \u00fc\u00df"]] }],
  ["POST with a body", { method: "POST", body: { encoding: "utf8", data: "é".repeat(700) } }],
  ["POST without a body", { method: "POST" }],
  ["DELETE without a body", { method: "DELETE" }],
];

const CASES = Object.keys(TRANSPORTS).flatMap((name) =>
  SHAPES.map(([what, shape]) => [name as TransportName, what, shape] as const),
);

it.each(CASES)("bytesOut is what goes over the wire: %s, %s", async (name, _, shape) => {
  const chunks: Buffer[] = [];
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.on("data", (chunk) => {
      chunks.push(chunk);
      const whole = Buffer.concat(chunks);
      const bodyAt = whole.indexOf("\r\n\r\n") + 4;
      const length = Number(/content-length: (\d+)/.exec(whole.toString("latin1"))?.[1] ?? 0);
      if (bodyAt < 4 || whole.length < bodyAt + length) return;
      socket.write("HTTP/1.1 204 No Content\r\n\r\n");
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const sink = new CollectingSink();
  const target = { origin, address: "127.0.0.1", tls: null, http2: false };
  const transport = TRANSPORTS[name](target, TRANSPORT_LIMITS, sink);
  const identity = { runId: "00000000000000aa", seq: 123, armIndex: 0 };
  const request = prepareRequest({ ...RECORD, ...shape }, 0, { origin, headers: {} });
  await exchangeOnce({ transport, sink }, request, {
    traceparent: traceparentOf(identity),
    requestId: requestIdOf(identity),
  });
  await transport.close();
  server.close();
  // Three digits of the sequence number are what is reckoned with; others differ by a few.
  expect(request.bytesOut).toBe(Buffer.concat(chunks).length);
});
