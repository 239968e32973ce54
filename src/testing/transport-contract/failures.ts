import assert from "node:assert/strict";
import { exchangeOnce } from "../collect.ts";
import type { LoopbackReply } from "../loopback.ts";
import type { Suite } from "../suite.ts";
import { OK, requestTo, type Setup, unanswered } from "./bed.ts";

type Broken = readonly (readonly [string, LoopbackReply, "reset" | "protocol"])[];

const ANY_BROKEN: Broken = [["a reset before the answer", { kind: "cut", after: null }, "reset"]];
const HTTP1_BROKEN: Broken = [
  ["an end before the answer", { kind: "raw", bytes: "", then: "end" }, "reset"],
  ["what is not HTTP", { kind: "raw", bytes: "SSH-2.0-nothing\r\n\r\n", then: "end" }, "protocol"],
  [
    "an answer with a broken header",
    { kind: "raw", bytes: "HTTP/1.1 200 OK\r\nbad header\r\n\r\n", then: "keep" },
    "protocol",
  ],
  [
    "two lengths that differ",
    {
      kind: "raw",
      bytes: "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nok",
      then: "keep",
    },
    "protocol",
  ],
  [
    "an upgrade that was not asked for",
    {
      kind: "raw",
      bytes: "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n",
      then: "keep",
    },
    "protocol",
  ],
];

export function failures(setup: Setup, suite: Suite, http2: boolean): void {
  const { it } = suite;
  it("says `refused` when nothing listens: to connect is the target's to answer", async () => {
    await using bed = await setup(() => OK);
    await bed.target.refuse();
    const story = await exchangeOnce(bed, requestTo(bed.target.origin));
    assert.deepEqual(story, unanswered("refused"));
  });

  it("says `refused` to all who wait, when nothing listens", async () => {
    await using bed = await setup(() => OK, { connectionsMax: 2 });
    await bed.target.refuse();
    const request = requestTo(bed.target.origin);
    const all = Array.from({ length: 250 }, () => exchangeOnce(bed, request));
    const stories = await Promise.all(all);
    assert.ok(stories.every(({ error }) => error === "refused"));
  });

  for (const [what, reply, error] of [...ANY_BROKEN, ...(http2 ? [] : HTTP1_BROKEN)]) {
    it(`says \`${error}\` for ${what}`, async () => {
      await using bed = await setup(() => reply);
      assert.deepEqual(await exchangeOnce(bed, requestTo(bed.target.origin)), unanswered(error));
    });
  }

  it("says `reset` for a target that goes away amid its answer", async () => {
    await using bed = await setup(() => ({ kind: "cut", after: "half" }));
    const story = await exchangeOnce(bed, requestTo(bed.target.origin));
    assert.equal(story.error, "reset");
    assert.equal(story.bytesIn, null);
    assert.equal(story.calls.at(-1), "failed");
  });

  it("goes on after a failure: the next request is answered", async () => {
    let asked = 0;
    await using bed = await setup(() => (asked++ === 0 ? { kind: "cut", after: null } : OK), {
      connectionsMax: 1,
    });
    const request = requestTo(bed.target.origin);
    assert.equal((await exchangeOnce(bed, request)).error, "reset");
    assert.equal((await exchangeOnce(bed, request)).bytesIn, 5);
  });

  if (!http2) cutShort(setup, suite);
}

const HEADS = [
  "content-length: 100\r\n\r\nhalf",
  "content-length: 100\r\nconnection: close\r\n\r\nhalf",
  "transfer-encoding: chunked\r\n\r\n4\r\nhalf",
  "transfer-encoding: chunked\r\nconnection: close\r\n\r\n4\r\nhalf\r\n",
];

function cutShort(setup: Setup, { it }: Suite): void {
  for (const then of ["end", "reset"] as const) {
    for (const head of HEADS) {
      const headers = head.split("\r\n\r\n")[0]?.replaceAll("\r\n", ", ");
      it(`says \`reset\` for a connection's ${then} amid ${headers}`, async () => {
        const bytes = `HTTP/1.1 200 OK\r\n${head}`;
        await using bed = await setup(() => ({ kind: "raw", bytes, then }));
        const story = await exchangeOnce(bed, requestTo(bed.target.origin));
        assert.equal(story.error, "reset");
        assert.equal(story.bytesIn, null);
      });
    }
  }

  it("says `protocol` for a chunk whose size is not a number", async () => {
    const bytes = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\nhalf\r\n";
    await using bed = await setup(() => ({ kind: "raw", bytes, then: "keep" }));
    const story = await exchangeOnce(bed, requestTo(bed.target.origin));
    assert.equal(story.error, "protocol");
  });
}
