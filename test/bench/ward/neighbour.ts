import { spawn } from "node:child_process";
import { once } from "node:events";
import { availableParallelism } from "node:os";
import type { Beside } from "./model.ts";

/** Half a second of work, half a second of rest, on every core. */
const RESTLESS =
  "const work = () => { const end = Date.now() + 500; while (Date.now() < end); setTimeout(work, 500); }; work();";

/** Somebody else on the same machine. */
export async function startNeighbour(): Promise<Beside> {
  const processes = Array.from({ length: availableParallelism() }, () =>
    spawn(process.execPath, ["-e", RESTLESS], { stdio: "ignore" }),
  );
  return {
    env: {},
    async [Symbol.asyncDispose]() {
      const ended = processes.map((each) => once(each, "exit"));
      for (const each of processes) each.kill("SIGKILL");
      await Promise.all(ended);
    },
  };
}
