import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTcpDependency, tcpSchema, toxicSchema } from "../../src/emulator/tcp/index.ts";
import { freePort, tcpBed } from "./tcp-fixture.ts";

const INSTALLED = "/usr/lib/postgresql";

/** Where the newest of Debian's versions has its programs; null: it is not installed. */
function programs(): string | null {
  if (!existsSync(INSTALLED)) return null;
  const versions = readdirSync(INSTALLED).toSorted((a, b) => Number(b) - Number(a));
  const folders = versions.map((version) => join(INSTALLED, version, "bin"));
  return folders.find((folder) => existsSync(join(folder, "initdb"))) ?? null;
}

/** It does not run as root: root lends it the user that its package made. */
function asWhom(): { readonly uid: number; readonly gid: number } | null {
  if (process.getuid?.() !== 0) return null;
  const [uid, gid] = ["-u", "-g"].map((flag) =>
    Number(execFileSync("id", [flag, "postgres"], { encoding: "utf8" })),
  );
  return { uid: uid!, gid: gid! };
}

/** A server of its own for this file, on loopback, with its data in a folder that goes with it. */
async function startPostgres(bin: string) {
  const folder = mkdtempSync(join(tmpdir(), "shakedown-postgres-"));
  const user = asWhom();
  if (user !== null) chownSync(folder, user.uid, user.gid);
  const options = { cwd: folder, ...user };
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  let server: ChildProcess;
  let port: number;
  try {
    const data = join(folder, "data");
    const made = ["-D", data, "-U", "postgres", "-A", "trust", "--no-sync", "--locale=C"];
    execFileSync(join(bin, "initdb"), made, { ...options, stdio: ["ignore", "ignore", "pipe"] });
    port = await freePort();
    const settings = ["listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off"];
    const flags = ["-D", data, "-p", String(port), ...settings.flatMap((each) => ["-c", each])];
    server = spawn(join(bin, "postgres"), flags, {
      ...options,
      stdio: ["ignore", "ignore", "pipe"],
    });
  } catch (thrown) {
    remove();
    throw thrown;
  }
  const exited = once(server, "exit");
  let said = "";
  const ready = Promise.withResolvers<void>();
  server.stderr?.on("data", (chunk: Buffer) => {
    said += chunk.toString();
    if (said.includes("ready to accept connections")) ready.resolve();
  });
  void exited.then(() => ready.reject(new Error(`postgres ended by itself: ${said}`)));
  const stop = async (): Promise<void> => {
    // An immediate shutdown: nothing of it is kept.
    server.kill("SIGQUIT");
    await exited;
    remove();
  };
  await ready.promise.catch(async (thrown: unknown) => {
    await stop();
    throw thrown;
  });
  return { upstream: `127.0.0.1:${port}`, stop };
}

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
    const slowMs = await fastest();
    on.proxy.removeToxic("latency_downstream");
    expect(slowMs).toBeGreaterThanOrEqual(100);
    // A second wait, as on the way there and back, would make it 200.
    expect(slowMs).toBeLessThan(200);
    expect(await fastest()).toBeLessThan(100);
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
});
