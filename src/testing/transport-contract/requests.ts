import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { exchangeOnce } from "../collect.ts";
import type { Suite } from "../suite.ts";
import { OK, requestTo, type Setup } from "./bed.ts";

const IDENTITY = {
  traceparent: "00-00000000000000c1000000000000002a-0101000000002a01-01",
  requestId: "00000000000000c1-42-1-1",
};
const IDENTITY_PAIRS = [
  `traceparent: ${IDENTITY.traceparent}`,
  `x-request-id: ${IDENTITY.requestId}`,
];
/** What a transport says of its own accord. */
const OWN = /^(?:connection|content-length):/i;

function pairsOf(texts: readonly string[]): string[] {
  return texts.flatMap((text, i) => (i % 2 === 0 ? [`${text}: ${texts[i + 1]}`] : []));
}

export function requests(setup: Setup, { it }: Suite, http2: boolean): void {
  for (const method of ["POST", "PUT", "PATCH", "DELETE"]) {
    it(`sends the body of a ${method} whole and unchanged`, async () => {
      await using bed = await setup(() => OK);
      const body = randomBytes(200_000);
      const request = requestTo(bed.target.origin, { method, body, path: "/a?b=%20c" });
      await exchangeOnce(bed, request);
      const seen = bed.target.seen[0];
      assert.equal(seen?.method, method);
      assert.equal(seen.path, "/a?b=%20c");
      assert.equal(Buffer.compare(seen.body, body), 0);
      assert.equal(seen.headers["content-length"], "200000");
    });
  }

  it("sends a POST without a body as one of length 0", async () => {
    await using bed = await setup(() => OK);
    await exchangeOnce(bed, requestTo(bed.target.origin, { method: "POST" }));
    assert.equal(bed.target.seen[0]?.headers["content-length"], "0");
    assert.equal(bed.target.seen[0]?.body.length, 0);
  });

  const own = ["host", "shop.example", "accept", "a", "x-name", "caf\u00e9"];
  if (http2) {
    it("sends headers as HTTP/2 has them: no connection's, `host` as `:authority`", async () => {
      await using bed = await setup(() => OK);
      const connection = ["Connection", "keep-alive", "Keep-Alive", "timeout=5", "TE", "trailers"];
      const headers = [...own, ...connection, "Cookie", "a=1", "cookie", "b=2"];
      await exchangeOnce(bed, requestTo(bed.target.origin, { headers }), IDENTITY);
      const pairs = pairsOf(bed.target.seen[0]?.rawHeaders ?? []).filter((pair) => !OWN.test(pair));
      const wanted = [":authority: shop.example", "accept: a", ...IDENTITY_PAIRS];
      assert.deepEqual(
        wanted.filter((pair) => !pairs.includes(pair)),
        [],
      );
      const unwanted = /^(?:connection|keep-alive|te|host|transfer-encoding):/;
      assert.deepEqual(
        pairs.filter((pair) => unwanted.test(pair)),
        [],
      );
      assert.equal(bed.target.seen[0]?.headers["cookie"], "a=1; b=2");
    });
    return;
  }

  it("sends every header as it is, in order, the identity last", async () => {
    await using bed = await setup(() => OK);
    const headers = [...own, "accept", "b"];
    await exchangeOnce(bed, requestTo(bed.target.origin, { headers }), IDENTITY);
    const pairs = pairsOf(bed.target.seen[0]?.rawHeaders ?? []);
    assert.deepEqual(
      pairs.filter((pair) => !OWN.test(pair)),
      [...pairsOf(headers), ...IDENTITY_PAIRS],
    );
  });
}
