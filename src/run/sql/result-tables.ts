import type { Result } from "../../report/index.ts";
import type { Field } from "../export-fields.ts";

/** A run's result, and where the run is: its path within the folder that is asked. */
export interface JudgedRun {
  readonly run: string;
  readonly result: Result;
}

/** A table made of results: what a row of it is, and how a result has it. */
export interface ResultTable<Row = never> {
  readonly about: string;
  readonly fields: readonly Field<Row>[];
  readonly of: (judged: JudgedRun) => readonly Row[];
}

const table = <Row>(
  about: string,
  of: (judged: JudgedRun) => readonly Row[],
  fields: readonly Field<Row>[],
): ResultTable => ({ about, fields, of }) as unknown as ResultTable;

type Effect = NonNullable<Result["comparisons"][number]["effect"]>;
const effectFields: readonly Field<{ readonly effect?: Effect | null | undefined }>[] = [
  ["effectKind", "text?", ({ effect }) => effect?.kind ?? null],
  ["effect", "number?", ({ effect }) => effect?.estimate ?? null],
  ["effectLow", "number?", ({ effect }) => effect?.low ?? null],
  ["effectHigh", "number?", ({ effect }) => effect?.high ?? null],
  ["confidence", "number?", ({ effect }) => effect?.confidence ?? null],
];

const QUANTILES = ["p50", "p90", "p99", "p999", "max"] as const;
const upperFirst = (name: string): string => name[0]!.toUpperCase() + name.slice(1);

const runs = table(
  "a row for each run that was judged",
  ({ result, run }) => [{ ...result, path: run }],
  [
    ["experiment", "text", ({ path }) => path.replace(/\/runs\/\d+$/, "")],
    ["scenario", "text", ({ run }) => run.scenario],
    ["profile", "text", ({ run }) => run.profile],
    ["startedAt", "time", ({ run }) => run.startedAt],
    ["durationS", "number", ({ run }) => run.durationS],
    ["complete", "boolean", ({ run }) => run.complete],
    ["decision", "text?", ({ decision }) => decision],
    ["reason", "text", ({ reason }) => reason],
    ["needs", "text?", ({ needs }) => needs ?? null],
    ["gitCommit", "text?", ({ run }) => run.git?.commit ?? null],
    ["gitDirty", "boolean?", ({ run }) => run.git?.dirty ?? null],
    ["seed", "text", ({ run }) => run.seed],
    ["planSha256", "text", ({ run }) => run.planSha256],
    ["host", "text?", ({ run }) => run.host.description ?? null],
    ["hostFingerprint", "text?", ({ run }) => run.host.fingerprint ?? null],
    ["version", "text", ({ tool }) => tool.version],
  ],
);

const arms = table(
  "a row for each arm of each run",
  ({ result }) =>
    Object.entries(result.arms).map(([arm, row]) => ({
      arm,
      commit: result.run.revisions?.[arm]?.commit ?? result.run.git?.commit ?? null,
      ...row,
    })),
  [
    ["arm", "text", ({ arm }) => arm],
    ["gitCommit", "text?", ({ commit }) => commit],
    ["planned", "integer", ({ planned }) => planned],
    ["responses", "integer", ({ responses }) => responses],
    ["errors", "integer", ({ errors }) => errors],
    ["dropped", "integer", ({ dropped }) => dropped],
    ["offeredPerSec", "number", ({ ratePerSec }) => ratePerSec.offered],
    ["startedPerSec", "number", ({ ratePerSec }) => ratePerSec.started],
    ["answeredPerSec", "number", ({ ratePerSec }) => ratePerSec.answered],
    ...(["responseTime", "serviceTime", "startLag"] as const).flatMap((what) =>
      QUANTILES.map((quantile): Field<Result["arms"][string]> => [
        `${what}${upperFirst(quantile)}Us`,
        "number",
        (row) => row[`${what}Us`][quantile],
      ]),
    ),
  ],
);

const verdicts = table(
  "of runs of several variants, each one's own verdict",
  ({ result }) => Object.entries(result.verdicts ?? {}).map(([arm, row]) => ({ arm, ...row })),
  [
    ["arm", "text", ({ arm }) => arm],
    ["decision", "text?", ({ decision }) => decision],
    ["reason", "text", ({ reason }) => reason],
    ["needs", "text?", ({ needs }) => needs ?? null],
  ],
);

const comparisons = table("each metric of each stage", ({ result }) => result.comparisons, [
  ["stage", "text", ({ stage }) => stage],
  ["arm", "text", ({ arm }) => arm],
  ["metric", "text", ({ metric }) => metric],
  ["unit", "text", ({ unit }) => unit],
  ["better", "text", ({ better }) => better],
  ["role", "text", ({ role }) => role],
  ["control", "number?", ({ control }) => control],
  ["variant", "number?", ({ variant }) => variant],
  ...effectFields,
  ["margin", "number", ({ margin }) => margin],
  ["mde", "number?", ({ mde }) => mde],
  ["status", "text", ({ status }) => status],
]);

const parts = table("the same by route and by segment", ({ result }) => result.parts, [
  ["stage", "text", ({ stage }) => stage],
  ["arm", "text", ({ arm }) => arm],
  ["route", "text?", ({ by, name }) => (by === "route" ? name : null)],
  ["segment", "text?", ({ by, name }) => (by === "segment" ? name : null)],
  ["metric", "text", ({ metric }) => metric],
  ["unit", "text", ({ unit }) => unit],
  ["better", "text", ({ better }) => better],
  ["control", "number?", ({ control }) => control],
  ["variant", "number?", ({ variant }) => variant],
  ...effectFields,
  ["adjustedP", "number?", ({ adjustedP }) => adjustedP],
  ["shown", "boolean", ({ shown }) => shown],
]);

const findings = table("what detectors said", ({ result }) => result.findings, [
  ["detector", "text", ({ detector }) => detector],
  ["subject", "text", ({ subject }) => subject],
  ["status", "text", ({ status }) => status],
  ["arm", "text?", ({ arm }) => arm ?? null],
  ["dependency", "text?", ({ dependency }) => dependency ?? null],
  ["comparison", "text?", ({ comparison }) => comparison ?? null],
  ["cause", "text?", ({ cause }) => cause ?? null],
  ["beganStage", "text?", ({ began }) => began?.stage ?? null],
  ["beganAtS", "number?", ({ began }) => began?.atS ?? null],
  ["beganRatePerSec", "number?", ({ began }) => began?.ratePerSec ?? null],
  ["sizeOf", "text?", ({ size }) => size?.what ?? null],
  ["size", "number?", ({ size }) => size?.value ?? null],
  ["sizeUnit", "text?", ({ size }) => size?.unit ?? null],
  ["effectOn", "text?", ({ effect }) => effect?.what ?? null],
  ...effectFields,
  ["pValue", "number?", ({ pValue }) => pValue ?? null],
  ["confirmation", "text?", ({ confirmation }) => confirmation ?? null],
  ["summary", "text", ({ summary }) => summary],
  ["cure", "text?", ({ cure }) => cure ?? null],
]);

const checks = table("what the instrument checked of itself", ({ result }) => result.checks, [
  ["name", "text", ({ name }) => name],
  ["arm", "text?", ({ arm }) => arm ?? null],
  ["status", "text", ({ status }) => status],
  ["summary", "text", ({ summary }) => summary],
]);

/** By name, the tables that are made of each run's `result.json`. */
export const RESULT_TABLES = {
  runs,
  arms,
  verdicts,
  comparisons,
  parts,
  findings,
  checks,
} as const satisfies Readonly<Record<string, ResultTable>>;
