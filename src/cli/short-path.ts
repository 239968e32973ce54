import { relative, resolve } from "node:path";

/** A path as people would type it: relative below the current folder, absolute elsewhere. */
export function shortPath(path: string): string {
  const near = relative(".", path);
  return near.startsWith("..") ? resolve(path) : near;
}
