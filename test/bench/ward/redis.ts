import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { Redis } from "ioredis";
import { freePort } from "../../../src/run/free-port.ts";

export interface RunningRedis extends AsyncDisposable {
  readonly url: string;
  /** How many keys it holds now. */
  readonly entries: () => Promise<number>;
}

/** How long a busy one is at something else, and how long it is not. */
const BUSY = { forS: 0.06, restMs: 60 };

/** A redis of its own on loopback, in memory alone, that evicts what was used least lately. */
export async function startRedis(
  maxMemory: string,
  /** Whether somebody keeps it busy, so that all others wait for it half of the time. */
  { busy = false }: { readonly busy?: boolean } = {},
): Promise<RunningRedis> {
  const port = await freePort();
  const settings = {
    bind: "127.0.0.1",
    save: "",
    maxmemory: maxMemory,
    "maxmemory-policy": "allkeys-lru",
    "maxmemory-samples": "10",
    "enable-debug-command": "local",
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
  const ending = new AbortController();
  const kept = busy ? keepBusy(client, ending.signal) : Promise.resolve();
  return {
    url,
    entries: () => client.dbsize(),
    async [Symbol.asyncDispose]() {
      ending.abort();
      await kept;
      client.disconnect();
      server.kill("SIGTERM");
      await exited;
    },
  };
}

async function keepBusy(client: Redis, ending: AbortSignal): Promise<void> {
  while (!ending.aborted) {
    await client.call("DEBUG", "SLEEP", String(BUSY.forS));
    await delay(BUSY.restMs);
  }
}
