import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import type { z } from "zod";
import { messageOf, ShakedownError } from "../core/index.ts";
import { type AuditEntry, readAuditFile } from "../experiment/index.ts";
import type { PlaybookRun } from "../report/index.ts";
import { overridesIn } from "./override.ts";
import { AUDIT_FILE } from "./run-files.ts";

/** A run's directory as its result and its trail tell it. */
export interface FolderRun<R> extends Omit<PlaybookRun, "result"> {
  readonly result: R;
}

/** A folder of runs, read. */
export interface FolderOfRuns<R> {
  readonly runs: readonly FolderRun<R>[];
  /** Directories that tell nothing, and why: unfinished, damaged, of another version. */
  readonly unread: readonly { readonly directory: string; readonly why: string }[];
}

const RUN_FILES = [AUDIT_FILE, "manifest.json", "experiment.json", "result.json", "saturate.json"];

/** Whether a folder is a run's directory, finished or not. */
export const holdsRun = (path: string): boolean =>
  RUN_FILES.some((file) => existsSync(join(path, file)));

export const NO_RUN = "a search for the knee, not a run";
/** Whether a directory is of `saturate`, which is no run. */
export const isSearch = (path: string): boolean => existsSync(join(path, "saturate.json"));

/** The trail's first entry says in what the arms differ; a shakedown of before did not tell. */
function armsDifferIn(entries: readonly AuditEntry[]): PlaybookRun["armsDiffer"] {
  const told = entries.find(({ event }) => event === "plan registered")?.detail["armsDiffer"];
  return Array.isArray(told) ? (told as NonNullable<PlaybookRun["armsDiffer"]>) : null;
}

/** Of an experiment of several runs, the first one's own trail: all are done alike. */
function firstRunEntries(path: string): readonly AuditEntry[] {
  const file = join(path, "runs", "1", AUDIT_FILE);
  return existsSync(file) ? readAuditFile(file).entries : [];
}

/** A run's result, or why it has none. */
export function readResult<R>(path: string, schema: z.ZodType<R>): { result: R } | string {
  const file = join(path, "result.json");
  if (!existsSync(file)) return "not judged: it goes on, or it was ended before it could finish";
  let parsed;
  try {
    parsed = schema.safeParse(JSON.parse(readFileSync(file, "utf8")));
  } catch (cause) {
    return `its result.json cannot be read: ${messageOf(cause)}`;
  }
  if (parsed.success) return { result: parsed.data };
  return "its result.json is damaged, or another version's: shakedown report makes it anew, where it can";
}

/** A run, or why it tells nothing. */
function readRun<R>(path: string, schema: z.ZodType<R>): FolderRun<R> | string {
  if (isSearch(path)) return NO_RUN;
  const read = readResult(path, schema);
  if (typeof read === "string") return read;
  try {
    const { broken, entries } = readAuditFile(join(path, AUDIT_FILE));
    if (broken !== null)
      return `its audit trail is broken at line ${broken.line}: see shakedown verify`;
    return {
      directory: basename(path),
      result: read.result,
      armsDiffer: armsDifferIn(entries),
      delayed: [...entries, ...firstRunEntries(path)].some(
        ({ event }) => event === "delay put before arms",
      ),
      overrides: overridesIn(entries),
    };
  } catch (thrown) {
    return messageOf(thrown);
  }
}

/**
 * The directories of a folder such as `runs` that have a file of a run, by name.
 * @throws RUN_INVALID when the folder cannot be read, is itself a run, or holds none
 */
export function runPathsIn(folder: string): string[] {
  const invalid = (why: string): ShakedownError =>
    new ShakedownError("RUN_INVALID", `${folder} ${why}`, {
      hint: "name the folder that holds the runs' directories, such as runs",
    });
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch (cause) {
    throw invalid(`cannot be read: ${messageOf(cause)}`);
  }
  if (holdsRun(folder)) throw invalid("is a run, not a folder of runs");
  const paths = names.map((name) => join(folder, name)).filter(holdsRun);
  if (paths.length === 0) throw invalid("holds no runs");
  return paths.toSorted();
}

/**
 * Reads every run of a folder such as `runs`, one at a time; `schema` says what of its result is kept.
 * What has no file of a run is passed over; what has, and tells nothing, is named with the reason.
 * @throws RUN_INVALID as `runPathsIn` does
 */
export function readRuns<R>(folder: string, schema: z.ZodType<R>): FolderOfRuns<R> {
  const read = runPathsIn(folder).map((path) => ({
    directory: basename(path),
    run: readRun(path, schema),
  }));
  return {
    runs: read.flatMap(({ run }) => (typeof run === "string" ? [] : [run])),
    unread: read.flatMap(({ directory, run }) =>
      typeof run === "string" ? [{ directory, why: run }] : [],
    ),
  };
}
