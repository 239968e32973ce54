import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { z } from "zod";
import {
  canonicalJson,
  formatDurationNs,
  messageOf,
  sha256Hex,
  ShakedownError,
  valueDifferences,
} from "../../core/index.ts";
import type { Plan } from "../../experiment/index.ts";
import type { LoadedScenario } from "../load-scenario.ts";
import { type Faults, faultsIn } from "../yaml-file.ts";

/**
 * `<scenario>.lock.json`: the plan as it was locked. `sha256` covers the rest; each amendment names
 * the hash that its lock had before, and why it was replaced.
 */
const lockSchema = z.strictObject({
  lockVersion: z.literal(1),
  sha256: z.string(),
  locked: z.record(z.string(), z.unknown()),
  amendments: z.array(z.strictObject({ replaces: z.string(), reason: z.string() })),
});
export type PlanLock = z.output<typeof lockSchema>;

/** What a run's audit says of the lock that it was held against. */
export interface LockRecord {
  readonly file: string;
  readonly sha256: string;
  readonly amendments: number;
}

/** Where a scenario's lock stands: `pool.yaml` → `pool.lock.json`, beside it. */
export const lockPathOf = (scenarioPath: string): string =>
  `${scenarioPath.replace(/\.ya?ml$/i, "")}.lock.json`;

/**
 * What is locked: the scenario as it was understood, and the hashes of what it names. Comments, the
 * order of keys, how a unit is written, and where the files stand are no part of it.
 */
export function lockedPlan({ scenario }: LoadedScenario, plan: Plan): PlanLock["locked"] {
  const { description: _description, profile: _path, ...meant } = scenario;
  const { dependenciesSha256, profileSha256 } = plan.inputs;
  const { calibrationSha256, guardrails, limits, planVersion, seed, stages } = plan;
  const derived = { planVersion, limits, stages, guardrails };
  const calibration = calibrationSha256 === undefined ? {} : { calibrationSha256 };
  const named = { profileSha256, dependenciesSha256, ...calibration };
  const whole = { ...meant, seed, ...named, derived };
  return JSON.parse(canonicalJson(whole)) as PlanLock["locked"];
}

const hashOf = ({ amendments, locked }: Pick<PlanLock, "amendments" | "locked">): string =>
  sha256Hex(canonicalJson({ amendments, locked }));

/** @throws LOCK_MISMATCH when it is no lock, or was changed by hand */
export function readLock(path: string): PlanLock | null {
  if (!existsSync(path)) return null;
  const damaged = (why: string): ShakedownError =>
    new ShakedownError("LOCK_MISMATCH", `${path} is not a lock as it was written: ${why}`, {
      hint: "take it from version control again, or delete it and lock the plan anew",
    });
  let parsed;
  try {
    parsed = lockSchema.safeParse(JSON.parse(readFileSync(path, "utf8")));
  } catch (cause) {
    throw damaged(messageOf(cause));
  }
  if (!parsed.success) throw damaged(z.prettifyError(parsed.error));
  if (hashOf(parsed.data) !== parsed.data.sha256) throw damaged("its hash differs");
  return parsed.data;
}

/** One field that is not as it was locked. */
export interface LockDifference {
  readonly path: readonly (string | number)[];
  readonly locked: unknown;
  readonly now: unknown;
}

/**
 * Every field in which a plan differs from what was locked. What only follows from fields that are
 * named is not named again.
 */
export function lockDifferences(
  locked: PlanLock["locked"],
  now: PlanLock["locked"],
): LockDifference[] {
  const all = valueDifferences(locked, now).map(({ after, before, path }): LockDifference => ({
    path,
    locked: before,
    now: after,
  }));
  const causes = all.filter(({ path }) => path[0] !== "derived");
  return causes.length > 0 ? causes : all;
}

const DURATIONS = new Set(["block", "for", "readyWithin", "settle", "target", "timeout"]);

function shown(value: unknown, key: string | number | undefined): string {
  if (value === undefined) return "nothing";
  const isDuration = typeof value === "number" && DURATIONS.has(String(key));
  const text = isDuration ? formatDurationNs(value) : JSON.stringify(value);
  return text.length <= 80 ? text : `${text.slice(0, 79)}…`;
}

/** Where in the scenario's file a difference shows. */
function placeOf({ path }: LockDifference): readonly PropertyKey[] {
  const [first, ...rest] = path;
  if (first === "profileSha256") return ["profile"];
  if (first === "calibrationSha256") return ["design", "calibration"];
  return first === "dependenciesSha256" ? ["dependencies", ...rest] : path;
}

function tell(difference: LockDifference, faults: Faults): void {
  const { locked, now, path } = difference;
  const what = typeof path[0] === "string" && path[0].endsWith("Sha256") ? "what it holds: " : "";
  const key = path.at(-1);
  const change = `${shown(locked, key)} → ${shown(now, key)}`;
  faults.in(placeOf(difference), `${what}${change}`);
}

/**
 * Holds a scenario's plan against its lock; null where there is none.
 * @throws LOCK_MISMATCH that names every field that differs, with its line and column
 */
export function checkLock(loaded: LoadedScenario, plan: Plan): LockRecord | null {
  const file = lockPathOf(loaded.path);
  const lock = readLock(file);
  if (lock === null) return null;
  const differences = lockDifferences(lock.locked, lockedPlan(loaded, plan));
  if (differences.length > 0) {
    const faults = faultsIn(loaded.path, loaded.text);
    for (const difference of differences) tell(difference, faults);
    const message = `the plan is not the one in ${file} (locked → now):\n${faults.told.join("\n")}`;
    throw new ShakedownError("LOCK_MISMATCH", message, {
      hint:
        "put back what was locked; or, since a changed plan is a new plan, say why: " +
        `shakedown plan ${loaded.path} --lock --amend "reason"`,
    });
  }
  return {
    file: file.split(/[\\/]/).at(-1)!,
    sha256: lock.sha256,
    amendments: lock.amendments.length,
  };
}

/**
 * Writes a scenario's lock. Over a lock of another plan it needs a reason, which is kept in the lock
 * with the hash that it had; over one of the same plan nothing is changed.
 * @throws USAGE without a reason, or with one and nothing to amend; LOCK_MISMATCH for a lock that
 * was changed by hand; OUTPUT_UNWRITABLE
 */
export function writeLock(
  loaded: LoadedScenario,
  plan: Plan,
  reason?: string,
): { readonly path: string; readonly lock: PlanLock; readonly written: boolean } {
  const path = lockPathOf(loaded.path);
  const before = readLock(path);
  const locked = lockedPlan(loaded, plan);
  const same = before !== null && lockDifferences(before.locked, locked).length === 0;
  if (reason !== undefined && (before === null || same)) {
    const why = before === null ? "there is no lock yet" : "the plan is the one that is locked";
    throw new ShakedownError("USAGE", `--amend: ${why}`, { hint: "leave --amend out" });
  }
  if (same) return { path, lock: before, written: false };
  if (before !== null && (reason ?? "").trim() === "") {
    const changed = lockDifferences(before.locked, locked).map((each) => each.path.join("."));
    throw new ShakedownError("USAGE", `${path} locks another plan: ${changed.join(", ")} changed`, {
      hint: 'a changed plan is a new plan, on the record: say why with --amend "reason"',
    });
  }
  const amended = before === null ? [] : [{ replaces: before.sha256, reason: reason! }];
  const amendments = [...(before?.amendments ?? []), ...amended];
  const content = { locked, amendments };
  const lock: PlanLock = { lockVersion: 1, sha256: hashOf(content), ...content };
  try {
    writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`);
  } catch (cause) {
    const message = `cannot write ${path}: ${messageOf(cause)}`;
    throw new ShakedownError("OUTPUT_UNWRITABLE", message, { cause });
  }
  return { path, lock, written: true };
}
