import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { messageOf, ShakedownError } from "../core/index.ts";
import { type AuditEntry, readAuditFile } from "../experiment/index.ts";
import {
  type PlaybookModel,
  type PlaybookRun,
  type Result,
  resultSchema,
} from "../report/index.ts";
import { overridesIn } from "./override.ts";
import { AUDIT_FILE } from "./run-files.ts";

const RUN_FILES = [AUDIT_FILE, "manifest.json", "experiment.json", "result.json", "saturate.json"];

const holdsRun = (path: string): boolean => RUN_FILES.some((file) => existsSync(join(path, file)));

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

function readResult(path: string): Result | string {
  const file = join(path, "result.json");
  if (!existsSync(file)) return "not judged: it goes on, or it was ended before it could finish";
  let parsed;
  try {
    parsed = resultSchema.safeParse(JSON.parse(readFileSync(file, "utf8")));
  } catch (cause) {
    return `its result.json cannot be read: ${messageOf(cause)}`;
  }
  if (parsed.success) return parsed.data;
  return "its result.json is damaged, or another version's: shakedown report makes it anew, where it can";
}

/** A run as a playbook tells it, or why it tells nothing. */
function readRun(path: string): PlaybookRun | string {
  if (existsSync(join(path, "saturate.json"))) return "a search for the knee, not a run";
  const result = readResult(path);
  if (typeof result === "string") return result;
  try {
    const { broken, entries } = readAuditFile(join(path, AUDIT_FILE));
    if (broken !== null)
      return `its audit trail is broken at line ${broken.line}: see shakedown verify`;
    return {
      directory: basename(path),
      result,
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
 * Reads every run of a folder such as `runs`. What has no file of a run is passed over; what has, and
 * tells nothing, is named with the reason.
 * @throws RUN_INVALID when the folder cannot be read, is itself a run, or holds none
 */
export function readPlaybook(folder: string): PlaybookModel {
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
  const read = names
    .map((name) => join(folder, name))
    .filter(holdsRun)
    .map((path) => ({ directory: basename(path), run: readRun(path) }));
  if (read.length === 0) throw invalid("holds no runs");
  return {
    runs: read.flatMap(({ run }) => (typeof run === "string" ? [] : [run])),
    unread: read.flatMap(({ directory, run }) =>
      typeof run === "string" ? [{ directory, why: run }] : [],
    ),
  };
}
