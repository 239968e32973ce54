import { createHash } from "node:crypto";
import { createReadStream, readdirSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { messageOf, ShakedownError } from "../core/index.ts";

/** The trail itself is not among what it registers. */
export const AUDIT_FILE = "audit.ndjson";

/**
 * Every file of a run directory and its folders but the audit trail, sorted, as paths within it
 * that read the same on every system (`observations/worker-0.spool`). Half-written ones are left out.
 * @throws RUN_INVALID when it cannot be read
 */
export function listRunFiles(directory: string): string[] {
  try {
    return readdirSync(directory, { recursive: true, withFileTypes: true })
      .filter((entry) => !entry.isDirectory() && !entry.name.endsWith(".part"))
      .map((entry) => relative(directory, join(entry.parentPath, entry.name)))
      .map((path) => path.split(sep).join("/"))
      .filter((path) => path !== AUDIT_FILE)
      .toSorted();
  } catch (cause) {
    throw new ShakedownError("RUN_INVALID", `cannot read ${directory}: ${messageOf(cause)}`, {
      hint: "name a run directory, such as runs/20260101T120000Z-payment-pool-cut-1a2b3c",
      cause,
    });
  }
}

/** SHA-256 of a file's bytes, in hex, whatever its size; null when it cannot be read. */
async function fileSha256(path: string): Promise<string | null> {
  const hash = createHash("sha256");
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) {
      hash.update(chunk as Buffer);
    }
    return hash.digest("hex");
  } catch {
    return null;
  }
}

/** By path, the SHA-256 of each file that is there and can be read. */
export async function hashRunFiles(
  directory: string,
  paths: readonly string[],
): Promise<Record<string, string>> {
  const hashes: Record<string, string> = {};
  for (const path of paths) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other: the disk is what limits
    const hash = await fileSha256(join(directory, path));
    if (hash !== null) hashes[path] = hash;
  }
  return hashes;
}
