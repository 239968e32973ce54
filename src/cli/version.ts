import { createRequire } from "node:module";
import { z } from "zod";

const manifest: unknown = createRequire(import.meta.url)("shakedown/package.json");

/** The version in package.json, wherever the package is. */
export const { version } = z.object({ version: z.string() }).parse(manifest);
