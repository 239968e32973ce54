import assert from "node:assert/strict";
import { collectExchange, exchangeOnce } from "../collect.ts";
import type { Suite } from "../suite.ts";
import { answered, OK, requestTo, type Setup, unanswered } from "./bed.ts";

export function givingUp(setup: Setup, suite: Suite, http2: boolean): void {
  const { it } = suite;
  it("fails at once with the reason it is given up for, before an answer", async () => {
    await using bed = await setup(() => ({ kind: "hang" }));
    const given = collectExchange(bed, requestTo(bed.target.origin));
    await given.started;
    bed.transport.giveUp(given.exchange, "timeout");
    assert.deepEqual(given.story(), unanswered("timeout"));
  });

  it("fails with the reason it is given up for, amid an answer", async () => {
    const half = { kind: "hang", after: "half" } as const;
    await using bed = await setup(({ path }) => (path === "/hang" ? half : OK), {
      connectionsMax: 1,
    });
    const given = collectExchange(bed, requestTo(bed.target.origin, { path: "/hang" }));
    await given.answering;
    bed.transport.giveUp(given.exchange, "cancelled");
    assert.equal((await given.ended).error, "cancelled");
    assert.deepEqual(await exchangeOnce(bed, requestTo(bed.target.origin)), answered(200, 5));
    assert.equal(given.story().calls.at(-1), "failed");
  });

  it("ends an exchange once, however often it is given up, before or after its end", async () => {
    await using bed = await setup(() => OK);
    const whole = collectExchange(bed, requestTo(bed.target.origin));
    await whole.ended;
    bed.transport.giveUp(whole.exchange, "timeout");
    const given = collectExchange(bed, requestTo(bed.target.origin));
    bed.transport.giveUp(given.exchange, "timeout");
    bed.transport.giveUp(given.exchange, "cancelled");
    await exchangeOnce(bed, requestTo(bed.target.origin));
    assert.deepEqual(whole.story(), answered(200, 5));
    assert.deepEqual(
      given.story().calls.filter((call) => call !== "started"),
      ["failed"],
    );
    assert.equal(given.story().error, "timeout");
  });

  it("cancels what is in flight and what waits when it is closed, and what comes after", async () => {
    await using bed = await setup(() => ({ kind: "hang" }), { connectionsMax: 1 });
    const request = requestTo(bed.target.origin);
    const exchanges = [1, 2, 3].map(() => collectExchange(bed, request));
    await exchanges[0]?.started;
    const closed = bed.transport.close();
    assert.deepEqual(
      exchanges.map((each) => each.story().error),
      ["cancelled", "cancelled", "cancelled"],
    );
    await closed;
    const late = collectExchange(bed, request).story();
    assert.deepEqual([late.calls, late.error], [["failed"], "cancelled"]);
  });

  it("can be closed twice, and before anything was sent", async () => {
    await using bed = await setup(() => OK);
    await Promise.all([bed.transport.close(), bed.transport.close()]);
  });

  if (http2) streams(setup, suite);
  else waiting(setup, suite);
}

function waiting(setup: Setup, { it }: Suite): void {
  it("gives a waiting request up without hurting the connection that it waits for", async () => {
    let release = (): void => {};
    const first = new Promise<typeof OK>((resolve) => (release = () => resolve(OK)));
    await using bed = await setup(({ path }) => (path === "/first" ? first : OK), {
      connectionsMax: 1,
    });
    const to = (path: string) => requestTo(bed.target.origin, { path });
    const busy = collectExchange(bed, to("/first"));
    await busy.started;
    const given = collectExchange(bed, to("/waiting"));
    bed.transport.giveUp(given.exchange, "timeout");
    assert.deepEqual(given.story().calls, ["failed"]);
    const next = exchangeOnce(bed, to("/next"));
    release();
    assert.equal((await busy.ended).bytesIn, 5);
    assert.equal((await next).bytesIn, 5);
    assert.deepEqual(
      bed.target.seen.map(({ path }) => path),
      ["/first", "/next"],
    );
    assert.equal(bed.target.connections.accepted, 1);
    assert.deepEqual(given.story().calls, ["failed"]);
  });

  it("answers in the order in which requests came, those given up passed over", async () => {
    await using bed = await setup(() => OK, { connectionsMax: 1 });
    const all = [0, 1, 2, 3, 4, 5].map((i) =>
      collectExchange(bed, requestTo(bed.target.origin, { path: `/${i}` })),
    );
    for (const i of [2, 4]) bed.transport.giveUp(all[i]!.exchange, "timeout");
    await Promise.all(all.map((each) => each.ended));
    assert.deepEqual(
      bed.target.seen.map(({ path }) => path),
      ["/0", "/1", "/3", "/5"],
    );
  });
}

function streams(setup: Setup, { it }: Suite): void {
  it("gives one of a connection's requests up without hurting the others", async () => {
    let release = (): void => {};
    const slow = new Promise<typeof OK>((resolve) => (release = () => resolve(OK)));
    await using bed = await setup(({ path }) => {
      if (path === "/slow") return slow;
      return path === "/hang" ? { kind: "hang" } : OK;
    });
    const to = (path: string) => requestTo(bed.target.origin, { path });
    await exchangeOnce(bed, to("/"));
    const other = collectExchange(bed, to("/slow"));
    const given = collectExchange(bed, to("/hang"));
    await Promise.all([other.started, given.started]);
    bed.transport.giveUp(given.exchange, "timeout");
    assert.deepEqual(given.story(), unanswered("timeout"));
    await exchangeOnce(bed, to("/"));
    release();
    assert.deepEqual(await other.ended, answered(200, 5));
    assert.equal(bed.target.connections.accepted, 1);
  });
}
