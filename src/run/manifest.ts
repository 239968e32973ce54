import { existsSync, readFileSync } from "node:fs";
import { z } from "zod";
import { messageOf, ShakedownError } from "../core/index.ts";
import {
  type AuditEntry,
  brokenAuditLine,
  type Plan,
  PLAN_VERSION,
  type RegisteredPlan,
} from "../experiment/index.ts";
import { fleetRecordSchema } from "./load-maker.ts";
import type { RunDirectory } from "./run-directory.ts";

export const MANIFEST_VERSION = 2;

const ruleStop = z.strictObject({
  rule: z.enum(["harm", "gate", "futility", "gone", "person", "throttle", "sample-ratio"]),
  decision: z.enum(["roll-back", "hold"]),
  because: z.string(),
  untilNs: z.number(),
});

/** `manifest.json`: what ran, on what, and how it ended. Written at the start and at the end. */
export const manifestSchema = z.strictObject({
  manifestVersion: z.literal(MANIFEST_VERSION),
  tool: z.strictObject({ name: z.literal("shakedown"), version: z.string() }),
  runId: z.string(),
  scenario: z.strictObject({ name: z.string(), path: z.string() }),
  profile: z.strictObject({ name: z.string(), path: z.string(), records: z.number().int().min(1) }),
  /** Of the scenario's folder, when the run began; left out where it is in no repository. */
  git: z.strictObject({ commit: z.string(), dirty: z.boolean() }).optional(),
  /** By arm, where arms were revisions of that repository, and how they were built. */
  revisions: z
    .record(z.string(), z.strictObject({ ref: z.string(), commit: z.string() }))
    .optional(),
  revisionBuild: z.string().optional(),
  startedAt: z.string(),
  /** When the run's clock began, for logs that tell the time of day. */
  trafficStartedAt: z.string(),
  command: z.string(),
  pacing: z.string(),
  /** How the load was made. */
  generator: z.strictObject({
    load: z.string(),
    workers: z.number().int(),
    /** That could be open to each arm. */
    connections: z.number().int(),
    transports: z.record(z.string(), z.string()),
    /** How many copies of the capture were superposed, the capture itself included. */
    copies: z.number().int(),
    warnings: z.array(z.string()),
  }),
  seed: z.string(),
  host: z.strictObject({
    node: z.string(),
    os: z.string(),
    cpus: z.number().int(),
    /** As a calibration has it (`hostFingerprint`); runs of before do not tell. */
    fingerprint: z.string().optional(),
    description: z.string().optional(),
  }),
  /** How long the emulator's clock had run when the run's own began: taken off its times. */
  emulatorLeadNs: z.number(),
  dependencies: z.array(z.strictObject({ name: z.string(), cacheTtlNs: z.number().nullable() })),
  targets: z.array(
    z.strictObject({ arm: z.string(), origin: z.string(), pid: z.number().int().nullable() }),
  ),
  /** Null while the run goes on, and for good when it was killed. */
  ended: z
    .strictObject({
      at: z.string(),
      durationNs: z.number(),
      incompleteBecause: z.string().nullable(),
      /** The plan's own rule that ended the run: it is whole as far as its verdict goes. */
      stoppedBy: ruleStop.optional(),
      /** Of several variants, those whose load was cut by a rule of the plan, in that order. */
      cuts: z.array(ruleStop.extend({ arm: z.string() })).optional(),
      /** When the load was halved, since harm was suspected. */
      throttlings: z
        .array(
          z.strictObject({
            stage: z.string(),
            share: z.number(),
            because: z.string(),
            untilNs: z.number(),
            fromNs: z.number(),
          }),
        )
        .optional(),
      /** When somebody held the ramp. */
      held: z
        .array(
          z.strictObject({
            stage: z.string(),
            ratePerSec: z.number(),
            fromNs: z.number(),
            untilNs: z.number().nullable(),
            because: z.string(),
          }),
        )
        .optional(),
      /** How caches were emptied, by arm, for stages that probe them cold. */
      flushes: z
        .array(
          z.strictObject({
            stage: z.string(),
            arm: z.string(),
            atNs: z.number(),
            tookNs: z.number(),
            ok: z.boolean(),
            outcome: z.string(),
          }),
        )
        .optional(),
      exitCode: z.number().int().nullable(),
      /** Rows that each spool must hold; `lost` could not be written. */
      rows: z.strictObject({
        observations: z.number().int(),
        calls: z.number().int(),
        lost: z.number().int(),
      }),
      /** Who sent it, where that was not this machine alone. */
      fleet: fleetRecordSchema.optional(),
      emulatorEvictions: z.number().int(),
      resends: z.number().int(),
      substitutions: z.strictObject({
        learned: z.number().int(),
        applied: z.number().int(),
        missed: z.number().int(),
        refused: z.number().int(),
        forgotten: z.number().int(),
      }),
    })
    .nullable(),
});
export type Manifest = z.output<typeof manifestSchema>;

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (cause) {
    throw new ShakedownError("RUN_INVALID", `cannot read ${path}: ${messageOf(cause)}`, {
      hint: "name a run directory, such as runs/20260101T120000Z-payment-pool-cut-1a2b3c",
      cause,
    });
  }
}

/** @throws RUN_INVALID */
export function readManifest(directory: RunDirectory): Manifest {
  const path = directory.file("manifest.json");
  if (!existsSync(path) && existsSync(directory.file("saturate.json"))) {
    throw new ShakedownError(
      "RUN_INVALID",
      `${directory.path} is a search for the knee, not a run`,
      {
        hint: "open its saturate.html, or read its saturate.json",
      },
    );
  }
  const told = readJson(path);
  const { manifestVersion } = (told ?? {}) as { readonly manifestVersion?: unknown };
  if (typeof manifestVersion === "number" && manifestVersion !== MANIFEST_VERSION) {
    throw new ShakedownError(
      "RUN_INVALID",
      `${path} is of a run of version ${manifestVersion}; this is version ${MANIFEST_VERSION}`,
      { hint: "judge it with the shakedown that made it, or run the scenario again" },
    );
  }
  const parsed = manifestSchema.safeParse(told);
  if (parsed.success) return parsed.data;
  throw new ShakedownError(
    "RUN_INVALID",
    `${path} is not a run's manifest: ${z.prettifyError(parsed.error)}`,
  );
}

/** Reads a registered plan; its hash must fit. @throws RUN_INVALID */
export function readPlan(
  directory: RunDirectory,
  register: (plan: Plan) => RegisteredPlan,
): RegisteredPlan {
  const path = directory.file("plan.json");
  const { plan, sha256 } = (readJson(path) ?? {}) as Partial<RegisteredPlan>;
  if (typeof plan !== "object" || plan === null || register(plan).sha256 !== sha256) {
    throw new ShakedownError(
      "RUN_INVALID",
      `${path} is not the plan that was registered: its hash differs`,
      {
        hint: "a plan is fixed before a run and never changed after; run the scenario again",
      },
    );
  }
  const version: number = plan.planVersion;
  if (version !== PLAN_VERSION) {
    throw new ShakedownError(
      "RUN_INVALID",
      `${path} is a plan of version ${version}; this is version ${PLAN_VERSION}`,
      { hint: "judge it with the shakedown that made it, or run the scenario again" },
    );
  }
  if (registeredIn(directory) !== sha256) {
    throw new ShakedownError(
      "RUN_INVALID",
      `${directory.file("audit.ndjson")} does not say that this plan was registered`,
      { hint: "the plan or the audit log was changed after the run; run the scenario again" },
    );
  }
  return { plan, sha256 };
}

/** The plan's hash in the audit trail's first entry; null when the chain is broken or not there. */
function registeredIn(directory: RunDirectory): unknown {
  try {
    const text = readFileSync(directory.file("audit.ndjson"), "utf8");
    if (brokenAuditLine(text) !== null) return null;
    const first = JSON.parse(text.split("\n")[0] ?? "") as AuditEntry;
    return first.detail["sha256"];
  } catch {
    return null;
  }
}
