import { spawn } from "node:child_process";
import { once } from "node:events";
import { Redis } from "ioredis";
import { freePort } from "../../emulator/tcp-fixture.ts";

export interface RunningRedis extends AsyncDisposable {
  readonly url: string;
  /** How many keys it holds now. */
  readonly entries: () => Promise<number>;
}

/** A redis of its own on loopback, in memory alone, that evicts what was used least lately. */
export async function startRedis(maxMemory: string): Promise<RunningRedis> {
  const port = await freePort();
  const settings = {
    bind: "127.0.0.1",
    save: "",
    maxmemory: maxMemory,
    "maxmemory-policy": "allkeys-lru",
    "maxmemory-samples": "10",
  };
  const flags = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
  const server = spawn("redis-server", ["--port", String(port), ...flags], {
    stdio: "ignore",
  });
  const exited = once(server, "exit");
  const url = `redis://127.0.0.1:${port}`;
  const client = new Redis(url, { maxRetriesPerRequest: 50, retryStrategy: () => 100 });
  // Until it listens.
  client.on("error", () => {});
  await client.ping();
  return {
    url,
    entries: () => client.dbsize(),
    async [Symbol.asyncDispose]() {
      client.disconnect();
      server.kill("SIGTERM");
      await exited;
    },
  };
}
