import assert from "node:assert/strict";
import { exchangeOnce } from "../collect.ts";
import type { LoopbackReply } from "../loopback.ts";
import type { Suite } from "../suite.ts";
import { answered, OK, requestTo, type Setup } from "./bed.ts";

const BIG = Buffer.alloc(3_000_000, "x");
const PIECES = [Buffer.from("hel"), Buffer.from("lo")];
const ANSWERS: readonly (readonly [string, LoopbackReply, number, number])[] = [
  ["a body with its length", { ...OK, headers: { "content-length": "5" } }, 200, 5],
  ["a body in pieces", { ...OK, body: PIECES }, 200, 5],
  ["no body", { ...OK, body: "" }, 200, 0],
  ["a body of 3 MB", { ...OK, body: BIG }, 200, BIG.length],
  ["3 MB in pieces", { ...OK, body: [BIG.subarray(1), BIG.subarray(0, 1)] }, 200, BIG.length],
  [
    "trailers, which are no part of the body",
    { ...OK, body: PIECES, trailers: { t: "1" } },
    200,
    5,
  ],
  ["204 without a body", { kind: "answer", status: 204 }, 204, 0],
  ["304 without a body", { kind: "answer", status: 304 }, 304, 0],
  ["an error status as an answer", { ...OK, status: 503 }, 503, 5],
  [
    "a redirect as an answer, and does not follow it",
    { ...OK, status: 302, headers: { location: "/elsewhere" } },
    302,
    5,
  ],
  ["103 before the answer, which alone counts", { ...OK, status: 201, hinted: true }, 201, 5],
];

export function answers(setup: Setup, { it }: Suite): void {
  for (const [what, reply, status, bytesIn] of ANSWERS) {
    it(`reads ${what}`, async () => {
      await using bed = await setup(() => reply, { connectionsMax: 1 });
      const request = requestTo(bed.target.origin);
      // Twice: what is left of the first must not disturb the second.
      for (let i = 1; i <= 2; i++) {
        assert.deepEqual(await exchangeOnce(bed, request), answered(status, bytesIn));
        assert.equal(bed.target.seen.length, i);
      }
    });
  }

  it("reads an answer to HEAD, whose length is of a body that does not come", async () => {
    await using bed = await setup(() => ({ ...OK, headers: { "content-length": "5" } }));
    const request = requestTo(bed.target.origin, { method: "HEAD" });
    assert.deepEqual(await exchangeOnce(bed, request), answered(200, 0));
  });

  it("reads an answer that comes before the request's body is sent", async () => {
    await using bed = await setup(
      () => ({ ...OK, status: 413 }),
      { connectionsMax: 1 },
      { hasty: true },
    );
    const body = Buffer.alloc(4_000_000, "y");
    const large = requestTo(bed.target.origin, { method: "POST", body });
    const story = await exchangeOnce(bed, large);
    assert.equal(story.status, 413);
    assert.deepEqual(story, answered(413, 5));
    assert.equal((await exchangeOnce(bed, requestTo(bed.target.origin))).bytesIn, 5);
  });
}
