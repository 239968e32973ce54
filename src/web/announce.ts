import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { messageOf } from "../core/index.ts";
import type { Steer } from "./ask.ts";

/** In the directory of a run that goes on and can be asked something: where, with its token. */
const CONTROL_FILE = "live.json";

const controlSchema = z.strictObject({
  address: z.url({ protocol: /^http$/, hostname: /^127\.0\.0\.1$/ }),
  pid: z.int().min(1),
});

const ANSWER_WITHIN_MS = 5_000;

/** Only who owns the directory may read it: whoever knows the token can stop the run. */
export function announce(directory: string, address: string, pid: number): void {
  const text = `${JSON.stringify({ address, pid })}\n`;
  writeFileSync(join(directory, CONTROL_FILE), text, { mode: 0o600 });
}

/** Before a run's files are registered, or when nothing can be asked any more. */
export const withdraw = (directory: string): void =>
  rmSync(join(directory, CONTROL_FILE), { force: true });

function controlOf(directory: string): z.output<typeof controlSchema> | null {
  try {
    return controlSchema.parse(JSON.parse(readFileSync(join(directory, CONTROL_FILE), "utf8")));
  } catch {
    return null;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Whether the process that does a run is there and can be asked. */
export function canBeAsked(directory: string): boolean {
  const control = controlOf(directory);
  return control !== null && isAlive(control.pid);
}

/** Asks the process that does the run, from another. Never throws. */
export const relayTo =
  (directory: string): Steer =>
  async (asked) => {
    const control = controlOf(directory);
    if (control === null) return "the run is over, or was not started with --live";
    try {
      const response = await fetch(new URL("ask", control.address), {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(asked),
        redirect: "error",
        signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
      });
      if (response.ok) return null;
      const { error } = (await response.json()) as { readonly error?: unknown };
      return String(error);
    } catch (thrown) {
      return `the run does not answer: ${messageOf(thrown)}`;
    }
  };
