import { describe, expect, it } from "vitest";
import { askerOf } from "../../src/replay/index.ts";
import { loopbackTarget, selfSignedCertificate } from "../../src/testing/index.ts";

const never = new AbortController().signal;
const certificate = selfSignedCertificate(["127.0.0.1"]);

describe("asking a target for something, once", () => {
  it.each([
    ["plain HTTP", {}],
    ["TLS", { certificate }],
    ["HTTP/2", { certificate, http2: true }],
    ["HTTP/2 without TLS", { http2: true }],
  ])("is done over %s, with a connection that is closed then", async (_, options) => {
    await using to = await loopbackTarget(() => ({ kind: "answer", status: 418 }), options);
    const asked = { method: "POST", path: "/flush?all", headers: { "x-why": "cold" }, body: "{}" };
    expect(await askerOf(to.target)(asked, never)).toBe(418);
    expect(to.seen).toMatchObject([{ method: "POST", path: "/flush?all" }]);
    expect(to.seen[0]?.headers["x-why"]).toBe("cold");
    expect(String(to.seen[0]?.body)).toBe("{}");
    expect(to.connections.accepted).toBe(1);
  });

  it("is given up when it is told to, also while it connects", async () => {
    await using to = await loopbackTarget(() => new Promise(() => {}));
    const asked = { method: "GET", path: "/", headers: {} };
    const gone = AbortSignal.abort(new Error("enough"));
    await expect(askerOf(to.target)(asked, gone)).rejects.toThrow("enough");
    const underWay = new AbortController();
    const answer = askerOf(to.target)(asked, underWay.signal);
    underWay.abort(new Error("enough"));
    await expect(answer).rejects.toThrow("enough");
  });

  it("fails where nobody listens", async () => {
    await using to = await loopbackTarget(() => ({ kind: "answer", status: 200 }));
    await to.refuse();
    await expect(
      askerOf(to.target)({ method: "GET", path: "/", headers: {} }, never),
    ).rejects.toThrow("no connection");
  });
});
