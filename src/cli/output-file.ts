import { lstatSync, statSync } from "node:fs";
import { basename } from "node:path";
import { ShakedownError } from "../core/index.ts";

/** Of profiles whose name is not given: `.gz` is written by gzip, in five times the time. */
export const PROFILE_ENDING = ".ndjson.zst";

/** A profile's name, by that of its file. */
export const withoutEnding = (file: string): string =>
  basename(file).replace(/(?:\.ndjson)?(?:\.(?:gz|zst))?$/i, "");

/**
 * Looks, before the work that may take long, whether an output may be written there: only a file is
 * replaced, only with `--force`, and never one of those that are read.
 *
 * @param flag where another file is named
 * @throws OUTPUT_UNWRITABLE
 */
export function checkOutput(
  out: string,
  force: boolean,
  inputs: readonly string[] = [],
  flag = "--out",
): void {
  const there = lstatSync(out, { throwIfNoEntry: false });
  if (there === undefined) return;
  const unwritable = (why: string, hint: string): ShakedownError =>
    new ShakedownError("OUTPUT_UNWRITABLE", `${out} ${why}`, { hint });
  if (!there.isFile()) throw unwritable("is not a file", `name a file with ${flag}`);
  if (!force) {
    throw unwritable(
      "exists already",
      `name another file with ${flag}, or replace it with --force`,
    );
  }
  const same = inputs.some((file) => {
    const input = statSync(file, { throwIfNoEntry: false });
    return input?.ino === there.ino && input.dev === there.dev;
  });
  if (same) throw unwritable("is what would be read", `name another file with ${flag}`);
}
