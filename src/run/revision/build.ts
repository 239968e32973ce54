import { spawn } from "node:child_process";
import { ShakedownError } from "../../core/index.ts";
import { keepTrackOf, loseTrackOf, pathWithOurNode, signalGroup } from "../spawned.ts";

const TAIL_CHARS = 4_000;
const TAIL_LINES = 20;

const lastLines = (text: string): string => text.trim().split("\n").slice(-TAIL_LINES).join("\n");

/**
 * Runs a build in a shell (`sh`), with `node` being the Node.js that runs us. Aborting ends it, with
 * all that it has started.
 * @throws BUILD_FAILED with what it said last; INTERRUPTED
 */
export async function runBuild(
  command: string,
  of: { readonly cwd: string; readonly what: string },
  signal: AbortSignal,
): Promise<void> {
  const child = spawn("sh", ["-c", command], {
    cwd: of.cwd,
    env: { ...process.env, PATH: pathWithOurNode() },
    stdio: ["ignore", "pipe", "pipe"],
    // A process group of its own: Ctrl-C is ours to pass on.
    detached: true,
  });
  const { pid } = child;
  if (pid !== undefined) keepTrackOf(pid);
  let said = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => {
      said = (said + chunk.toString("utf8")).slice(-TAIL_CHARS);
    });
  }
  const end = (): void => {
    if (pid !== undefined) signalGroup(pid, "SIGKILL");
  };
  signal.addEventListener("abort", end, { once: true });
  const { promise, resolve } = Promise.withResolvers<string>();
  child.once("error", ({ message }) => resolve(`could not be started: ${message}`));
  // What it leaves running would hold its output open.
  child.once("exit", end);
  child.once("close", (code, by) => {
    if (code === 0) resolve("");
    else resolve(by === null ? `ended with exit code ${code}` : `was ended by ${by}`);
  });
  if (signal.aborted) end();
  const failure = await promise;
  signal.removeEventListener("abort", end);
  if (pid !== undefined) loseTrackOf(pid);
  if (signal.aborted) {
    throw new ShakedownError("INTERRUPTED", "interrupted before the first request");
  }
  if (failure === "") return;
  const words = said.trim() === "" ? "" : `; it said last:\n${lastLines(said)}`;
  throw new ShakedownError("BUILD_FAILED", `the build of ${of.what} ${failure}${words}`, {
    hint: `nothing was sent; try \`${command}\` in a clean clone of that commit`,
  });
}
