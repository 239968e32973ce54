import assert from "node:assert/strict";
import { collectExchange, exchangeOnce } from "../collect.ts";
import type { Suite } from "../suite.ts";
import { OK, requestTo, type Setup } from "./bed.ts";

/** With `keepConnections`: a session's exchanges go over its own connection, in order. */
export function sessions(setup: Setup, { it }: Suite): void {
  it("gives each session its own connection, when connections are kept", async () => {
    await using bed = await setup(() => OK, { keepConnections: true, connectionsMax: 10 });
    const asked = ["a", "b", null, "a", "b", null, "a", "b"];
    const all = asked.map((session, i) =>
      exchangeOnce(bed, requestTo(bed.target.origin, { path: `/${session}/${i}` }), { session }),
    );
    await Promise.all(all);
    const connectionsOf = (name: string) =>
      bed.target.seen.filter(({ path }) => path.startsWith(`/${name}/`));
    for (const name of ["a", "b"]) {
      const paths = connectionsOf(name).map(({ path }) => path);
      assert.equal(paths.length, 3);
      // In the order in which they were sent.
      assert.deepEqual(paths, paths.toSorted());
      assert.equal(new Set(connectionsOf(name).map(({ connection }) => connection)).size, 1);
    }
    assert.notEqual(connectionsOf("a")[0]?.connection, connectionsOf("b")[0]?.connection);
  });

  it("lets sessions share when connections are not kept", async () => {
    await using bed = await setup(() => OK, { connectionsMax: 10 });
    for (const session of ["a", "b", "c"]) {
      await exchangeOnce(bed, requestTo(bed.target.origin), { session });
    }
    assert.equal(bed.target.connections.accepted, 1);
  });

  it("sends a session's next request when the one before is over, and not sooner", async () => {
    const held = Promise.withResolvers<typeof OK>();
    await using bed = await setup(({ path }) => (path === "/a1" ? held.promise : OK), {
      keepConnections: true,
    });
    const of = (session: string, path: string) =>
      collectExchange(bed, requestTo(bed.target.origin, { path }), { session });
    const first = of("a", "/a1");
    const [second, third] = [of("a", "/a2"), of("a", "/a3")];
    await of("b", "/b1").ended;
    await of("b", "/b2").ended;
    bed.transport.giveUp(second.exchange, "timeout");
    assert.deepEqual(second.story().calls, ["failed"]);
    held.resolve(OK);
    await Promise.all([first.ended, third.ended]);
    assert.deepEqual(
      bed.target.seen.map(({ path }) => path).filter((path) => path.startsWith("/a")),
      ["/a1", "/a3"],
    );
    assert.equal(bed.target.connections.accepted, 2);
  });

  it("closes the connection that was idle longest when there are too many", async () => {
    await using bed = await setup(() => OK, { keepConnections: true, connectionsMax: 2 });
    for (const session of ["a", "b", "c", "b", "a", "b"]) {
      await exchangeOnce(bed, requestTo(bed.target.origin), { session });
    }
    assert.deepEqual(
      bed.target.seen.map(({ connection }) => connection),
      [0, 1, 2, 1, 3, 1],
    );
  });

  it("answers more sessions at once than there may be connections", async () => {
    await using bed = await setup(() => OK, { keepConnections: true, connectionsMax: 2 });
    const names = Array.from({ length: 30 }, (_, i) => (i % 10 === 0 ? null : `s${i % 7}`));
    const stories = await Promise.all(
      names.map((session) => exchangeOnce(bed, requestTo(bed.target.origin), { session })),
    );
    assert.ok(stories.every(({ bytesIn }) => bytesIn === 5));
  });
}
