import { readFileSync } from "node:fs";
import { messageOf, ShakedownError, systemCodeOf } from "../core/index.ts";

/**
 * A text file that a person named. `what` it is goes into the message, `hint` with it.
 * @throws FILE_NOT_FOUND, FILE_UNREADABLE
 */
export function readTextFile(path: string, { hint, what }: { what: string; hint: string }): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    const missing = systemCodeOf(cause) === "ENOENT";
    throw new ShakedownError(
      missing ? "FILE_NOT_FOUND" : "FILE_UNREADABLE",
      missing ? `there is no ${what} ${path}` : `cannot read ${path}: ${messageOf(cause)}`,
      { hint, cause },
    );
  }
}
