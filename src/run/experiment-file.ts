import { readFileSync } from "node:fs";
import { z } from "zod";
import { messageOf, ShakedownError } from "../core/index.ts";
import type { RunDirectory } from "./run-directory.ts";

/** `experiment.json`: of an experiment of several runs, what no run of it knows. */
export const experimentFileSchema = z.strictObject({
  experimentVersion: z.literal(1),
  id: z.string(),
  startedAt: z.string(),
  /** How many runs were planned. */
  runs: z.number().int().min(2),
  /** Null while it goes on, and for good when it was killed. */
  ended: z
    .strictObject({
      at: z.string(),
      incompleteBecause: z.string().nullable(),
      exitCode: z.number().int().nullable(),
    })
    .nullable(),
});
export type ExperimentFile = z.output<typeof experimentFileSchema>;

/** @throws DISK_WRITE_FAILED */
export function writeExperimentFile(directory: RunDirectory, file: ExperimentFile): void {
  directory.write("experiment.json", `${JSON.stringify(file, null, 2)}\n`);
}

/** @throws RUN_INVALID */
export function readExperimentFile(directory: RunDirectory): ExperimentFile {
  const path = directory.file("experiment.json");
  try {
    return experimentFileSchema.parse(JSON.parse(readFileSync(path, "utf8")));
  } catch (cause) {
    const why = cause instanceof z.ZodError ? z.prettifyError(cause) : messageOf(cause);
    throw new ShakedownError("RUN_INVALID", `${path} is not an experiment's file: ${why}`, {
      hint: "each run in its folder `runs` can still be reported by itself",
      cause,
    });
  }
}
