import { createRequire } from "node:module";

/** The version in package.json, wherever the package is. */
export const { version } = createRequire(import.meta.url)("shakedown/package.json") as {
  readonly version: string;
};
