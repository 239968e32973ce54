import { existsSync } from "node:fs";
import { type ArmStop, type Plan, readAuditFile, type RuleStop } from "../experiment/index.ts";
import { readCalls, readObservations, trimSpool } from "../measure/index.ts";
import { type ArmFlush, FLUSHED } from "./flush-caches.ts";
import type { RegainedLoad } from "./load-maker.ts";
import type { Manifest } from "./manifest.ts";
import { nowIso } from "./now-iso.ts";
import type { RunDirectory } from "./run-directory.ts";
import { AUDIT_FILE } from "./run-files.ts";

/** Whether any start was dropped since its worker was told to stop, or had nobody who led it. */
export function wasStopped(directory: RunDirectory): boolean {
  for (const each of readObservations(...directory.observationSpools())) {
    if (each.kind === "dropped" && each.reason === "run-stopped") return true;
  }
  return false;
}

/** What had stopped the run before it was left, by its trail; null where nothing had. */
export function stopOf(
  directory: RunDirectory,
): { readonly because: string; readonly rule: RuleStop | null } | null {
  const { entries } = readAuditFile(directory.file(AUDIT_FILE));
  const detail = entries.find(({ event }) => event === "stopped")?.detail;
  if (detail === undefined) return null;
  const rule = "rule" in detail ? (detail as unknown as RuleStop) : null;
  return { because: String(detail["because"]), rule };
}

function cutsOf(directory: RunDirectory): ArmStop[] {
  const { entries } = readAuditFile(directory.file(AUDIT_FILE));
  const cuts = entries.filter(({ event }) => event === "variant cut");
  return cuts.map(({ detail }) => detail as unknown as ArmStop);
}

function flushesOf(directory: RunDirectory): ArmFlush[] {
  const { entries } = readAuditFile(directory.file(AUDIT_FILE));
  const flushes = entries.filter(({ event }) => event === FLUSHED);
  return flushes.map(({ detail }) => detail as unknown as ArmFlush);
}

/** What the manifest says of the end of a run that was resumed. */
export function endOf(
  left: {
    readonly directory: RunDirectory;
    readonly begun: Manifest;
    readonly plan: Plan;
    readonly ledUntilNs: number;
  },
  { record, totals }: RegainedLoad,
  how: { readonly rule: RuleStop | null; readonly incompleteBecause: string | null },
): NonNullable<Manifest["ended"]> {
  const { begun, directory, ledUntilNs, plan } = left;
  const { incompleteBecause, rule } = how;
  const [cuts, flushes] = [cutsOf(directory), flushesOf(directory)];
  const wholeNs = incompleteBecause === null && rule === null ? plan.stages.at(-1)!.endNs : 0;
  return {
    at: nowIso(),
    durationNs: Math.max(totals.endNs, ledUntilNs, wholeNs),
    incompleteBecause,
    ...(rule === null ? {} : { stoppedBy: rule }),
    ...(cuts.length === 0 ? {} : { cuts }),
    ...(flushes.length === 0 ? {} : { flushes }),
    exitCode: null,
    rows: {
      observations: totals.keptRows,
      calls: begun.dependencies.length === 0 ? 0 : keptCalls(directory),
      lost: totals.lostRows,
    },
    fleet: record,
    emulatorEvictions: 0,
    resends: totals.resends,
    substitutions: totals.substitutions,
  };
}

/** Of the emulators' files, without what they were writing, or had not told, when it ended. */
function keptCalls(directory: RunDirectory): number {
  const { connections, exchanges } = directory;
  for (const path of [connections, exchanges]) if (existsSync(path)) trimSpool(path);
  const whole = directory.callSpools().filter(trimSpool);
  return whole.length === 0 ? 0 : readCalls(whole).rows;
}
