import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTcpDependency, tcpSchema, toxicSchema } from "../../src/emulator/tcp/index.ts";
import { programs, startPostgres } from "./postgres.ts";
import { tcpBed } from "./tcp-fixture.ts";

const POSTGRES = programs();

it.skipIf(process.env["CI"] !== "true")("postgres is there, where all tests have to run", () => {
  expect(POSTGRES).not.toBeNull();
});

/** A client of a proxy; what happens to its idle connection is no error of the test's. */
async function clientOf(listen: string): Promise<Client> {
  const client = new Client(`postgres://postgres@${listen}/postgres`);
  client.on("error", () => {});
  await client.connect();
  return client;
}

describe.skipIf(POSTGRES === null)("a TCP proxy before postgres (skipped: not installed)", () => {
  let server: Awaited<ReturnType<typeof startPostgres>>;
  beforeAll(async () => (server = await startPostgres(POSTGRES!)));
  afterAll(() => server?.stop());

  const through = async (toxics: readonly object[] = []) => {
    const bed = await tcpBed();
    const spec = tcpSchema.parse({ upstream: server.upstream, toxics });
    const proxy = await startTcpDependency({ ...bed.context, name: "postgres", spec });
    return {
      ...bed,
      proxy,
      async [Symbol.asyncDispose]() {
        await proxy.stop();
        await bed[Symbol.asyncDispose]();
      },
    };
  };

  it("queries, parameters and a megabyte of rows pass, cut into pieces as they come", async () => {
    const slicer = { type: "slicer", average_size: "4KB", delay: "1us" };
    await using on = await through([slicer]);
    const client = await clientOf(on.proxy.listen);
    const sum = await client.query("SELECT $1::int + $2::int AS sum", [40, 2]);
    expect(sum.rows).toEqual([{ sum: 42 }]);
    const text = "SELECT i, repeat(md5(i::text), 32) AS filler FROM generate_series(1, 1000) AS i";
    const { rows } = await client.query<{ i: number; filler: string }>(text);
    expect(rows.map(({ i }) => i)).toEqual(Array.from({ length: 1_000 }, (_, i) => i + 1));
    expect(new Set(rows.map(({ filler }) => filler.length))).toEqual(new Set([1_024]));
    await client.end();
    await on.proxy.stop();
    expect(on.records).toHaveLength(1);
    expect(on.records[0]!.bytesDown).toBeGreaterThan(1_024_000);
  });

  it("a latency makes each query wait for it once, until it is taken away", async () => {
    await using on = await through();
    const client = await clientOf(on.proxy.listen);
    const tookMs = async (): Promise<number> => {
      const beganNs = process.hrtime.bigint();
      await client.query("SELECT 1");
      return Number(process.hrtime.bigint() - beganNs) / 1e6;
    };
    const fastest = async (): Promise<number> =>
      Math.min(await tookMs(), await tookMs(), await tookMs());
    on.proxy.addToxic(toxicSchema.parse({ type: "latency", latency: "100ms" }));
    expect(await tookMs()).toBeGreaterThanOrEqual(100);
    // A second wait, as on the way there and back, would make it 200 each time.
    await expect.poll(fastest).toBeLessThan(200);
    on.proxy.removeToxic("latency_downstream");
    await expect.poll(fastest).toBeLessThan(100);
    await client.end();
  });

  it("reset_peer breaks a query that is under way; a new connection works again", async () => {
    await using on = await through();
    const client = await clientOf(on.proxy.listen);
    const sleeping = client.query("SELECT pg_sleep(0.1)").catch((thrown: unknown) => thrown);
    on.proxy.addToxic(toxicSchema.parse({ type: "reset_peer" }));
    expect(await sleeping).toMatchObject({ code: "ECONNRESET" });
    await expect(clientOf(on.proxy.listen)).rejects.toMatchObject({ code: "ECONNRESET" });
    on.proxy.removeToxic("reset_peer_downstream");
    const again = await clientOf(on.proxy.listen);
    const { rows } = await again.query("SELECT 1 AS one");
    expect(rows).toEqual([{ one: 1 }]);
    await again.end();
  });

  it("each query is an exchange, as long as it takes; what lies between two is none", async () => {
    await using on = await through();
    const client = await clientOf(on.proxy.listen);
    const began = on.exchanges.length;
    for (let nth = 0; nth < 3; nth++) await client.query("SELECT pg_sleep(0.02)");
    await client.end();
    await on.proxy.stop();
    // The last word of its connecting was over when it asked.
    expect(on.exchanges).toHaveLength(began + 1 + 3);
    for (const { downNs, upNs } of on.exchanges.slice(-3))
      expect(downNs! - upNs).toBeGreaterThanOrEqual(20e6);
    for (const [i, { upNs }] of on.exchanges.entries())
      expect(upNs).toBeGreaterThanOrEqual(on.exchanges[i - 1]?.downNs ?? 0);
    expect(new Set(on.exchanges.map(({ connection }) => connection))).toEqual(new Set([0]));
  });
});
