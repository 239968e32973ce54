import { mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { messageOf, ShakedownError } from "../../core/index.ts";
import { PLAN_VERSION } from "../../experiment/index.ts";
import { readTextFile } from "../text-file.ts";
import { type Measured, measuredSchema, type SoundOrNot } from "./measured.ts";

const NAMED = {
  what: "kept run",
  hint: "`shakedown baseline save <run> -o FILE` makes one",
};

/** A kept run with the file that it is in. */
export interface KeptRun {
  readonly path: string;
  readonly measured: Measured;
}

/** Of a folder, the newest so many are taken. */
export const KEPT_MAX = 10;

function notKept(path: string, why: string): ShakedownError {
  return new ShakedownError("RUN_INVALID", `${path} is not a kept run: ${why}`, {
    hint: NAMED.hint,
  });
}

/** @throws FILE_NOT_FOUND, FILE_UNREADABLE, RUN_INVALID */
export function readKept(path: string): KeptRun {
  const text = readTextFile(path, NAMED);
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch (thrown) {
    throw notKept(path, messageOf(thrown));
  }
  const parsed = measuredSchema.safeParse(data);
  if (!parsed.success) {
    const { message, path: field } = parsed.error.issues[0]!;
    throw notKept(path, `${field.map(String).join(".") || "the whole of it"}: ${message}`);
  }
  const { planVersion } = parsed.data.plan;
  if (planVersion !== PLAN_VERSION) {
    throw notKept(path, `its plan is of version ${String(planVersion)}, this is ${PLAN_VERSION}`);
  }
  return { path, measured: parsed.data };
}

/** The kept runs of a folder, the newest first, and what of it is none. */
export interface KeptFolder {
  readonly kept: readonly KeptRun[];
  readonly unread: readonly string[];
}

/**
 * A kept run's file, or a folder of them. In a folder, what is no kept run is told and passed over.
 * @throws as `readKept`, for a file
 */
export function readKeptFrom(path: string): KeptFolder {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) {
    return { kept: [readKept(path)], unread: [] };
  }
  const read = readdirSync(path)
    .filter((name) => name.endsWith(".json"))
    .map((name): KeptRun | string => {
      try {
        return readKept(join(path, name));
      } catch (thrown) {
        return messageOf(thrown);
      }
    });
  const kept = read.flatMap((each) => (typeof each === "string" ? [] : [each]));
  return {
    kept: kept.toSorted((a, b) => (a.measured.run.startedAt < b.measured.run.startedAt ? 1 : -1)),
    unread: read.filter((each) => typeof each === "string"),
  };
}

/** @throws RUN_INVALID for a run that nothing should be compared with */
export function checkWorthKeeping(path: string, run: SoundOrNot): void {
  const { failedChecks, incompleteBecause, measured } = run;
  const why =
    incompleteBecause === null
      ? failedChecks.map(({ name, summary }) => `${name}: ${summary}`).join("; ")
      : `it is incomplete: ${incompleteBecause}`;
  const told = measured.figures.levels.some(({ runs }) => runs.length > 0);
  if (why === "" && told) return;
  const nothing = "it has too few requests, or too few blocks, for any figure";
  throw new ShakedownError("RUN_INVALID", `${path} is not worth keeping: ${why || nothing}`, {
    hint: "keep a whole run whose instrument was sound; `shakedown report` tells what was wrong",
  });
}

/** `20260101T120000Z-shop-1a2b3c.json`, as its run directory is called. */
export const keptNameOf = (run: string): string => `${basename(run)}.json`;

/** @throws OUTPUT_UNWRITABLE */
export function writeKept(path: string, measured: Measured): void {
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, `${JSON.stringify(measured)}\n`);
  } catch (cause) {
    throw new ShakedownError("OUTPUT_UNWRITABLE", `cannot write ${path}: ${messageOf(cause)}`, {
      hint: "name another file with -o, or another folder with --dir",
      cause,
    });
  }
}
