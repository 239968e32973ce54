import { readFileSync } from "node:fs";
import { basename, dirname } from "node:path/posix";
import { messageOf, ShakedownError } from "../core/index.ts";
import { type AuditTrail, mayBeLast, readAuditFile, registerPlan } from "../experiment/index.ts";
import { KEPT_FORMATS } from "../report/index.ts";
import { JUDGED_AGAIN, registeredFiles } from "./close-run.ts";
import { firstDifference } from "./first-difference.ts";
import { judge } from "./judge.ts";
import { MANIFEST_VERSION, readManifest } from "./manifest.ts";
import { type Override, overridesIn } from "./override.ts";
import { type LockSince, lockPathOf, lockSince } from "./plan/index.ts";
import type { RunDirectory } from "./run-directory.ts";
import { AUDIT_FILE, hashRunFiles, listRunFiles } from "./run-files.ts";

/** The first thing that does not hold, and where. */
export interface Broken {
  /** Within the run directory; of a lock, where it stands. */
  readonly file: string;
  /** Of the audit trail, from 1. */
  readonly line?: number;
  /** Of `result.json`: `comparisons[0].effect.low`. */
  readonly field?: string;
  readonly summary: string;
}

export interface VerifyCheck {
  readonly name: "audit trail" | "plan" | "files" | "verdict" | "lock";
  /**
   * After the first that is broken, nothing is checked: it rests on what went before. Nor is a lock
   * that is not there any more.
   */
  readonly status: "holds" | "broken" | "not checked";
  readonly summary: string;
}

/** What became of checking a run. It holds when nothing is broken. */
export interface Verification {
  readonly broken: Broken | null;
  readonly checks: readonly VerifyCheck[];
  /** What the trail says was decided last; null for one arm alone, or where it does not say. */
  readonly decision: string | null;
  readonly overrides: readonly Override[];
}

interface Looked {
  readonly directory: RunDirectory;
  readonly trail: AuditTrail;
  /** Of the tool that looks. */
  readonly version: string;
}

/** What holds, in a sentence; or what is broken. */
type Outcome = string | Broken;

const TRAIL_HINT = "or the end of the audit trail was cut off";

function readBytes({ directory }: Looked, file: string): Buffer {
  return readFileSync(directory.file(file));
}

function json(looked: Looked, file: string): unknown {
  try {
    return JSON.parse(readBytes(looked, file).toString("utf8"));
  } catch {
    return undefined;
  }
}

const field = (value: unknown, name: string): unknown =>
  typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;

/** Why a run was not closed, as far as can be told. */
function unclosed(looked: Looked): Broken {
  const { entries } = looked.trail;
  if (entries.at(-1)?.event === "run ended") {
    const summary = "it is one run of several, and registered with them all: verify the experiment";
    return { file: AUDIT_FILE, line: entries.length, summary };
  }
  const manifest = json(looked, "manifest.json");
  const [madeBy, version] = [
    field(field(manifest, "tool"), "version"),
    field(manifest, "manifestVersion"),
  ];
  const old = typeof version === "number" && version < MANIFEST_VERSION;
  const summary = old
    ? `shakedown ${String(madeBy)} made this run (manifest version ${version}; this is ${MANIFEST_VERSION}): ` +
      "it did not register its files, so nothing can be verified"
    : "it has no closing entry: the run was killed or not judged, it was made before shakedown " +
      `registered its files, ${TRAIL_HINT}`;
  return { file: AUDIT_FILE, line: entries.length, summary };
}

function checkTrail(looked: Looked): Outcome {
  const { broken, entries } = looked.trail;
  if (broken !== null) return { file: AUDIT_FILE, ...broken };
  if (registeredFiles(entries) === null) return unclosed(looked);
  if (!mayBeLast(entries.at(-1))) {
    const summary = `“${entries.at(-1)?.event}” cannot be the last entry: the trail was cut off after it`;
    return { file: AUDIT_FILE, line: entries.length, summary };
  }
  return `${entries.length} entries, each chained to the one before`;
}

function checkPlan(looked: Looked): Outcome {
  const file = "plan.json";
  const registered = json(looked, file);
  if (registered === undefined) return { file, summary: "it cannot be read" };
  const [plan, told] = [field(registered, "plan"), field(registered, "sha256")];
  const { sha256 } = registerPlan(plan as Parameters<typeof registerPlan>[0]);
  const [first] = looked.trail.entries;
  const audited = first?.detail["sha256"];
  if (first?.event !== "plan registered" || sha256 !== audited) {
    return { file, summary: `its plan is not the one that was registered (${String(audited)})` };
  }
  if (told !== sha256) return { file, summary: "the hash that it tells is not that of its plan" };
  return `registered before the first request, as ${sha256}`;
}

const REPORTS: ReadonlySet<string> = new Set(KEPT_FORMATS.map(({ file }) => file));

/**
 * Files that were put beside others, in a folder whose files are registered, change what is read;
 * but for reports, which `report` leaves in one of several runs too.
 */
function strangers(registered: ReadonlyMap<string, string>, there: readonly string[]): string[] {
  const folders = new Set([...registered.keys()].map((path) => dirname(path)));
  return there.filter((path) => {
    const folder = dirname(path);
    const read = folder !== "." && !REPORTS.has(basename(path));
    return read && !registered.has(path) && folders.has(folder);
  });
}

async function checkFiles({ directory, trail }: Looked): Promise<Outcome> {
  const registered = registeredFiles(trail.entries) ?? new Map<string, string>();
  const there = listRunFiles(directory.path);
  const hashes = await hashRunFiles(directory.path, [...registered.keys()]);
  const changed = [...registered].filter(([path, hash]) => hashes[path] !== hash);
  const added = strangers(registered, there);
  const [first, ...others] = [...changed.map(([path]) => path), ...added];
  if (first === undefined) return `${registered.size}, each as it was registered`;
  const what = (path: string): string => {
    if (added.includes(path)) return "was put there after the run";
    return there.includes(path) ? "was changed after the run" : "is missing";
  };
  const rest = others.map((path) => `${path} ${what(path)}`);
  const summary = ["it " + what(first), ...rest].join("; ");
  return { file: first, summary };
}

async function checkVerdict(looked: Looked): Promise<Outcome> {
  const { directory, trail, version } = looked;
  const { entries } = trail;
  const file = "result.json";
  const kept = json(looked, file);
  const { model, reports } = await judge(directory, undefined, false);
  const text = reports.find((report) => report.file === file)?.text ?? "";
  if (!readBytes(looked, file).equals(Buffer.from(text))) {
    const difference = firstDifference(kept, JSON.parse(text) as unknown);
    const by = field(field(kept, "tool"), "version");
    const other = by === version ? "" : `; shakedown ${String(by)} made it, and this is ${version}`;
    return { file, ...difference, summary: `${difference.summary}${other}` };
  }
  const { decision, reason } = model.result;
  const line = entries.findLastIndex(({ event }) => event === "verdict" || event === JUDGED_AGAIN);
  const told = entries[line]?.detail;
  if (told?.["decision"] !== decision || told["reason"] !== reason) {
    const summary = "the verdict that it tells is not the one that the files give";
    return { file: AUDIT_FILE, line: line + 1, summary };
  }
  return "judged again from the files: the same, to the bit";
}

const STEPS: readonly {
  readonly name: VerifyCheck["name"];
  readonly file: string;
  readonly check: (looked: Looked) => Outcome | Promise<Outcome>;
}[] = [
  { name: "audit trail", file: AUDIT_FILE, check: checkTrail },
  { name: "plan", file: "plan.json", check: checkPlan },
  { name: "files", file: ".", check: checkFiles },
  { name: "verdict", file: "result.json", check: checkVerdict },
];

/** The lock that the plan was held against, beside its scenario; null where there was none. */
function checkLockFile({ directory, trail }: Looked): (LockSince & { file: string }) | null {
  const recorded = field(trail.entries[0]?.detail["lock"], "sha256");
  if (typeof recorded !== "string") return null;
  const whose = directory.holdsRuns ? directory.run(1) : directory;
  const file = lockPathOf(readManifest(whose).scenario.path);
  return { ...lockSince(file, recorded), file };
}

/** A check that could not be made did not hold. */
async function outcomeOf(step: (typeof STEPS)[number], looked: Looked): Promise<Outcome> {
  try {
    return await step.check(looked);
  } catch (thrown) {
    if (thrown instanceof ShakedownError && thrown.code === "INTERNAL") throw thrown;
    return { file: step.file, summary: messageOf(thrown) };
  }
}

/**
 * Checks a run from its directory, without writing into it: that its audit trail is whole, that the
 * plan and all files are those that the trail registers, that judging the files again, by the code of
 * `report`, gives the same result, bit for bit, and that the lock, where there was one and it still
 * stands beside the scenario, is the one that was registered or was amended since. It stops at the
 * first thing that is broken.
 * Whoever can write all of the directory can make a trail that fits: keep the last entry's hash
 * elsewhere where that matters.
 * @param version of the tool that looks, for saying that another one made the run
 * @throws RUN_INVALID when there is no run to check
 */
export async function verifyRun(directory: RunDirectory, version: string): Promise<Verification> {
  listRunFiles(directory.path);
  const trail = readAuditFile(directory.file(AUDIT_FILE));
  const { entries } = trail;
  const looked = { directory, trail, version };
  const checks: VerifyCheck[] = [];
  let broken: Broken | null = null;
  for (const step of STEPS) {
    const { name } = step;
    if (broken !== null) {
      checks.push({
        name,
        status: "not checked",
        summary: "not checked: it rests on what is broken",
      });
      continue;
    }
    // oxlint-disable-next-line no-await-in-loop -- each rests on the one before
    const outcome = await outcomeOf(step, looked);
    if (typeof outcome !== "string") broken = outcome;
    const summary = typeof outcome === "string" ? outcome : `${outcome.file}: ${outcome.summary}`;
    checks.push({ name, status: broken === null ? "holds" : "broken", summary });
  }
  const lock = broken === null ? checkLockFile(looked) : null;
  if (lock !== null) {
    const { file, status, summary } = lock;
    if (status === "broken") broken = { file, summary };
    checks.push({
      name: "lock",
      status,
      summary: status === "broken" ? `${file}: ${summary}` : summary,
    });
  }
  const decided = entries.findLast(({ event }) => event === "verdict" || event === JUDGED_AGAIN);
  const decision = decided?.detail["decision"];
  return {
    broken,
    checks,
    decision: typeof decision === "string" ? decision : null,
    overrides: overridesIn(entries),
  };
}
