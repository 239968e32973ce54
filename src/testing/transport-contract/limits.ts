import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { gzipSync } from "node:zlib";
import { collectExchange, exchangeOnce } from "../collect.ts";
import type { Suite } from "../suite.ts";
import { answered, OK, requestTo, type Setup, unanswered } from "./bed.ts";

export function limits(setup: Setup, { it }: Suite): void {
  it("says `protocol` for a head above its limit, and goes on", async () => {
    const long = { ...OK, headers: { "x-long": "y".repeat(9_000) } };
    await using bed = await setup(({ path }) => (path === "/long" ? long : OK), {
      headerBytesMax: 4_096,
      connectionsMax: 1,
    });
    const request = requestTo(bed.target.origin, { path: "/long" });
    assert.deepEqual(await exchangeOnce(bed, request), unanswered("protocol"));
    assert.equal((await exchangeOnce(bed, requestTo(bed.target.origin))).bytesIn, 5);
  });

  it("reads a head of 60 kB, where the limit is 64 KiB", async () => {
    const many = Array.from({ length: 8 }, (_, i) => [`x-${i}`, "z".repeat(7_500)]);
    const headers = Object.fromEntries(many) as Record<string, string>;
    await using bed = await setup(() => ({ ...OK, headers }));
    const story = await exchangeOnce(bed, requestTo(bed.target.origin));
    assert.deepEqual(story, answered(200, 5));
  });

  for (const pieces of [false, true]) {
    it(`says \`too-large\` for a body above its limit${pieces ? ", in pieces" : ""}`, async () => {
      const bodyOf = (size: number): Buffer | Buffer[] =>
        pieces ? [Buffer.alloc(size - 1), Buffer.alloc(1)] : Buffer.alloc(size);
      await using bed = await setup(
        ({ path }) => ({ ...OK, body: bodyOf(path === "/above" ? 1_001 : 1_000) }),
        { bodyBytesMax: 1_000, connectionsMax: 1 },
      );
      const above = await exchangeOnce(bed, requestTo(bed.target.origin, { path: "/above" }));
      assert.equal(above.error, "too-large");
      assert.equal(above.calls.at(-1), "failed");
      assert.deepEqual(await exchangeOnce(bed, requestTo(bed.target.origin)), answered(200, 1_000));
    });
  }
}

/** Values of a header in a list of names and values, whatever the case of the name. */
function valuesOf(texts: readonly string[] | null, name: string): string[] {
  return (texts ?? []).filter((_, i, all) => i % 2 === 1 && all[i - 1]?.toLowerCase() === name);
}

export function content(setup: Setup, { it }: Suite): void {
  it("hands over headers and body where they are wanted, as they came", async () => {
    const body = gzipSync(randomBytes(3_000));
    const headers = {
      "set-cookie": ["a=1", "b=2"],
      "content-encoding": "gzip",
      "x-name": "caf\u00e9",
    };
    await using bed = await setup(() => ({ ...OK, headers, body, hinted: true }));
    const wanting = collectExchange(bed, requestTo(bed.target.origin), { wantsContent: true });
    assert.deepEqual(await wanting.ended, answered(200, body.length));
    const { responseBody, responseHeaders } = wanting.exchange;
    assert.equal(responseBody?.equals(body), true);
    assert.deepEqual(valuesOf(responseHeaders, "set-cookie"), ["a=1", "b=2"]);
    assert.deepEqual(valuesOf(responseHeaders, "x-name"), ["caf\u00e9"]);
    assert.deepEqual(valuesOf(responseHeaders, "content-encoding"), ["gzip"]);
    assert.deepEqual(valuesOf(responseHeaders, "link"), []);
  });

  it("hands over a body in pieces, and one that is empty", async () => {
    const pieces = [Buffer.from("hel"), Buffer.from("lo")];
    await using bed = await setup(({ path }) => ({ ...OK, body: path === "/none" ? "" : pieces }));
    for (const [path, text] of [
      ["/", "hello"],
      ["/none", ""],
    ] as const) {
      const request = requestTo(bed.target.origin, { path });
      const wanting = collectExchange(bed, request, { wantsContent: true });
      await wanting.ended;
      assert.equal(wanting.exchange.responseBody?.toString(), text);
    }
  });

  it("hands over nothing that is not wanted, and no body above 1 MiB", async () => {
    const limit = 1_024 * 1_024;
    await using bed = await setup(({ path }) => ({
      ...OK,
      body: Buffer.alloc(Number(path.slice(1))),
    }));
    const ask = async (size: number, wantsContent: boolean) => {
      const request = requestTo(bed.target.origin, { path: `/${size}` });
      const asked = collectExchange(bed, request, { wantsContent });
      assert.equal((await asked.ended).bytesIn, size);
      return asked.exchange;
    };
    const unasked = await ask(5, false);
    assert.deepEqual([unasked.responseHeaders, unasked.responseBody], [null, null]);
    assert.equal((await ask(limit, true)).responseBody?.length, limit);
    const large = await ask(limit + 1, true);
    assert.equal(large.responseBody, null);
    assert.notEqual(large.responseHeaders, null);
  });
}
