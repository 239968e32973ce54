import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Agent, request } from "undici";
import { traceparentOf } from "../../src/core/index.ts";
import {
  dependencySchema,
  type Emulator,
  type EmulatorOptions,
  startEmulator,
  startEmulatorThread,
} from "../../src/emulator/index.ts";
import { type EmulatedCall, readCalls } from "../../src/measure/index.ts";

export const RUN_ID = "0123456789abcdef";
export const ARMS = ["control", "variant"];

export const STARTS = [
  ["in this thread", startEmulator],
  ["in a thread of its own", startEmulatorThread],
] as const;

export interface Bed extends AsyncDisposable {
  readonly emulator: Emulator;
  readonly agent: Agent;
  urlOf(arm: string, dependency?: string): string;
  /** Calls the dependency of an arm; with a `seq`, as a part of that planned request. */
  call(arm: string, path: string, more?: { seq?: number; body?: string | Buffer }): Promise<Reply>;
  /** Stops the emulator and reads what it recorded. */
  calls(): Promise<readonly EmulatedCall[]>;
}

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

export function optionsOf(written: Readonly<Record<string, unknown>>): EmulatorOptions {
  const dependencies = Object.entries(written).map(
    ([name, spec]) => [name, dependencySchema.parse(spec)] as const,
  );
  return {
    arms: ARMS,
    dependencies: Object.fromEntries(dependencies),
    seed: "seed",
    runId: RUN_ID,
    originNs: process.hrtime.bigint(),
    spoolPath: null,
  };
}

/** An emulator with one dependency `stock`, a client, and a folder that goes when the bed goes. */
export async function bed(
  start: (options: EmulatorOptions) => Promise<Emulator>,
  stock: unknown,
): Promise<Bed> {
  const folder = mkdtempSync(join(tmpdir(), "shakedown-emulator-"));
  const spoolPath = join(folder, "calls.spool");
  const emulator = await start({ ...optionsOf({ stock }), spoolPath });
  const agent = new Agent({ connections: 8 });
  const urlOf = (arm: string): string => emulator.addresses["stock"]?.[arm] ?? "";
  return {
    emulator,
    agent,
    urlOf,
    async call(arm, path, { seq, body } = {}) {
      const armIndex = ARMS.indexOf(arm);
      const response = await request(`${urlOf(arm)}${path}`, {
        dispatcher: agent,
        method: body === undefined ? "GET" : "POST",
        body: body ?? null,
        headers:
          seq === undefined ? {} : { traceparent: traceparentOf({ runId: RUN_ID, seq, armIndex }) },
      });
      const { statusCode: status, headers } = response;
      return { status, headers, text: await response.body.text() };
    },
    async calls() {
      await emulator.stop();
      return [...readCalls(spoolPath)];
    },
    async [Symbol.asyncDispose]() {
      await agent.destroy();
      await emulator.stop();
      rmSync(folder, { recursive: true });
    },
  };
}
