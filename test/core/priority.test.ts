import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { describe, expect, it } from "vitest";
import { mayGoFirst, PRIORITY_VARIABLE } from "../../src/core/index.ts";

/** The kernel's scheduling policy of a thread: 0 usual, 2 round robin in real time (proc(5)). */
const policyOf = (stat: string): number =>
  Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[38]);
const niceOf = (stat: string): number =>
  Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[16]);

const MODULE = JSON.stringify(new URL("../../src/core/priority.ts", import.meta.url).href);

/** What /proc says of a thread after it has called the given functions. */
async function statAfter(calls: string, env: NodeJS.ProcessEnv = process.env): Promise<string> {
  const code = `
    const { readFileSync } = require("node:fs");
    const { parentPort } = require("node:worker_threads");
    import(${MODULE}).then((core) => {
      ${calls};
      parentPort.postMessage(readFileSync("/proc/thread-self/stat", "latin1"));
    });`;
  const worker = new Worker(code, { eval: true, env });
  const [stat] = (await once(worker, "message")) as [string];
  await worker.terminate();
  return stat;
}

describe.runIf(process.platform === "linux")("threads' priorities", () => {
  it("put who keeps time into the real-time class, where the host lets it", async () => {
    const policy = policyOf(await statAfter("core.goFirst()"));
    expect(policy).toBe(mayGoFirst() ? 2 : 0);
  });

  it("are passed on to what keeps its time: threads that it starts, and nobody else", async () => {
    const child = `core.goFirst(); const { Worker } = require("node:worker_threads");
      new Worker('const { readFileSync } = require("node:fs"); require("node:worker_threads").parentPort.postMessage(readFileSync("/proc/thread-self/stat", "latin1"))', { eval: true })
        .once("message", (stat) => parentPort.postMessage(stat)); return`;
    expect(policyOf(await statAfter(child))).toBe(mayGoFirst() ? 2 : 0);
    expect(policyOf(await statAfter(""))).toBe(0);
  });

  it("stay usual when asked for, and in the main thread", async () => {
    const env = { ...process.env, [PRIORITY_VARIABLE]: "usual" };
    expect(policyOf(await statAfter("core.goFirst()", env))).toBe(0);
    expect(policyOf(await statAfter("if (core.mayGoFirst()) core.goFirst()", env))).toBe(0);
  });

  it("put behind all others who stands back", async () => {
    expect(niceOf(await statAfter("core.standBack()"))).toBe(10);
  });
});
