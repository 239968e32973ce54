import assert from "node:assert/strict";
import { Exchange, type Transport } from "../../replay/index.ts";
import { collectExchange, exchangeOnce } from "../collect.ts";
import type { Suite } from "../suite.ts";
import { answered, OK, requestTo, type Setup } from "./bed.ts";

export function connections(setup: Setup, suite: Suite, http2: boolean): void {
  const { it } = suite;
  it("keeps to its number of connections, and answers everything", async () => {
    await using bed = await setup(() => OK, { connectionsMax: 3 });
    const request = requestTo(bed.target.origin);
    const all = Array.from({ length: 60 }, () => exchangeOnce(bed, request));
    const stories = await Promise.all(all);
    assert.ok(stories.every(({ bytesIn }) => bytesIn === 5));
    assert.ok(bed.target.connections.most <= 3, `${bed.target.connections.most} connections`);
  });

  it("ends each of 500 exchanges at once over 4 connections exactly once", async () => {
    await using bed = await setup(({ path }) => {
      const i = Number(path.slice(1));
      return i % 50 === 7 ? { kind: "cut", after: null } : { ...OK, body: "x".repeat(i) };
    });
    const all = Array.from({ length: 500 }, (_, i) =>
      collectExchange(bed, requestTo(bed.target.origin, { path: `/${i}` }), { seq: i }),
    );
    for (let i = 0; i < 500; i += 10) bed.transport.giveUp(all[i]!.exchange, "timeout");
    await Promise.all(all.map((each) => each.ended));
    await bed.transport.close();
    for (const [i, each] of all.entries()) {
      const { calls, bytesIn, error } = each.story();
      const ends = calls.filter((call) => call === "ended" || call === "failed");
      assert.equal(ends.length, 1, `${i}: ${calls.join()}`);
      assert.equal(calls.at(-1), ends[0]);
      if (i % 10 === 0) assert.equal(error, "timeout");
      // What shares an HTTP/2 connection with one that is cut goes with it.
      else if (i % 50 !== 7 && !(http2 && error === "reset")) assert.equal(bytesIn, i);
    }
  });

  for (const method of ["GET", "HEAD", "POST"]) {
    it(`sends one ${method} after another on the same connection`, async () => {
      await using bed = await setup(() => OK, { connectionsMax: 1 });
      for (let i = 0; i < 5; i++) {
        await exchangeOnce(bed, requestTo(bed.target.origin, { method }));
      }
      assert.equal(bed.target.seen.length, 5);
      assert.equal(bed.target.connections.accepted, 1);
    });
  }

  it("keeps its connection when the `host` header changes", async () => {
    await using bed = await setup(() => OK, { connectionsMax: 1 });
    for (const host of ["a.example", "b.example"]) {
      const request = requestTo(bed.target.origin, { headers: ["host", host] });
      assert.deepEqual(await exchangeOnce(bed, request), answered(200, 5));
    }
    assert.equal(bed.target.connections.accepted, 1);
  });
}

/** Its owner may use an exchange again as soon as it has been told of the end. */
export function reuse(setup: Setup, { it }: Suite): void {
  it("takes an exchange again from within the call that ends it", async () => {
    await using bed = await setup(({ path }) =>
      path === "/cut" ? { kind: "cut", after: null } : OK,
    );
    const good = requestTo(bed.target.origin);
    const cut = requestTo(bed.target.origin, { path: "/cut" });
    const calls: string[] = [];
    const done = Promise.withResolvers<void>();
    let transport: Transport | null = null;
    const again = (exchange: Exchange, call: string): void => {
      calls.push(call);
      if (calls.length >= 6) return done.resolve();
      exchange.request = calls.length % 2 === 0 ? good : cut;
      transport?.send(exchange);
    };
    transport = bed.another({
      started() {},
      firstByte() {},
      ended: (exchange, bytesIn) => again(exchange, `ended ${bytesIn}`),
      failed: (exchange, error) => again(exchange, `failed ${error}`),
    });
    transport.send(Object.assign(new Exchange(), { request: good }));
    await done.promise;
    assert.deepEqual(
      calls,
      [1, 2, 3].flatMap(() => ["ended 5", "failed reset"]),
    );
  });
}
