import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { messageOf, ShakedownError } from "../core/index.ts";

/** @throws RUN_INVALID when it cannot be opened */
export function openFile(path: string): number {
  try {
    return openSync(path, "r");
  } catch (cause) {
    throw new ShakedownError("RUN_INVALID", `cannot read ${path}: ${messageOf(cause)}`, { cause });
  }
}

/** Fills the bytes from a place in a file on, as far as it goes; how many there were. */
export function readAt(file: number, bytes: Uint8Array, at: number): number {
  let has = 0;
  while (has < bytes.length) {
    const read = readSync(file, bytes, has, Math.min(bytes.length - has, 2 ** 30), at + has);
    if (read === 0) break;
    has += read;
  }
  return has;
}

/** Uses an open file, with its size, and closes it. @throws as `openFile` does */
export function withFile<T>(path: string, use: (file: number, size: number) => T): T {
  const file = openFile(path);
  try {
    return use(file, fstatSync(file).size);
  } finally {
    closeSync(file);
  }
}

/** Reads so many bytes of a file. @throws SPOOL_INVALID where it was cut meanwhile */
export function fill(bytes: Uint8Array, file: number, at: number, path: string): void {
  if (readAt(file, bytes, at) < bytes.length) throw cutMeanwhile(path);
}

const cutMeanwhile = (path: string): ShakedownError =>
  new ShakedownError("SPOOL_INVALID", `${path} was cut while it was read`);
