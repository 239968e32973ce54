import { formatCount, formatDurationNs, formatRatio } from "../core/index.ts";
import type { DriftSide, DriftTest, ProfileDiff } from "../profile/index.ts";
import {
  DRIFT_FORMATS,
  DRIFT_NAMES,
  driftDetailFormat,
  driftEffectWords,
} from "../report/profile/index.ts";
import { labelled, wrapped } from "./text-layout.ts";

const STATES = { drifted: "DRIFTED", alike: "alike", unknown: "unknown" } as const;
const DETAILS_SHOWN = 4;
const NAME_CHARS = 48;

const short = (name: string): string =>
  name.length > NAME_CHARS ? `${name.slice(0, NAME_CHARS - 1)}…` : name;

const pText = (p: number): string => (p < 0.001 ? "p < 0.001" : `p ${Number(p.toPrecision(2))}`);

function figures(test: DriftTest): string[] {
  const { adjustedPValue, after, before, effect, unit } = test;
  const format = DRIFT_FORMATS[unit];
  return [
    ...(before === null || after === null ? [] : [`${format(before)} → ${format(after)}`]),
    ...(effect === null ? [] : [driftEffectWords(effect, effect.value)]),
    ...(adjustedPValue === null ? [] : [pText(adjustedPValue)]),
  ];
}

function detailLines(test: DriftTest): string[] {
  if (test.state !== "drifted") return [];
  const known = test.details.filter(({ after, before }) => before !== null && after !== null);
  const rows = known.slice(0, DETAILS_SHOWN).map(({ after, before, what }): [string, string] => {
    const format = driftDetailFormat(test, what);
    return [`            ${short(what)}`, `${format(before!)} → ${format(after!)}`];
  });
  return rows.length === 0 ? [] : labelled(rows);
}

function testLines(test: DriftTest): string[] {
  const { aspect, because, route, state } = test;
  const head = `${STATES[state].padEnd(8)}  ${DRIFT_NAMES[aspect].padEnd(14)}`;
  const why = because === null ? [] : [because];
  const of = route === null ? [] : [short(route)];
  const text = [...of, ...figures(test), ...why].join(", ");
  return [...wrapped(`  ${head}  ${text}`), ...detailLines(test)];
}

const sideText = ({ durationNs, name, requestCount, startedAt }: DriftSide): string =>
  [
    name,
    `${formatCount(requestCount)} requests in ${formatDurationNs(durationNs)}`,
    ...(startedAt === null ? [] : [`from ${startedAt}`]),
  ].join(", ");

const ORDER = ["drifted", "alike", "unknown"] as const;

/** How two profiles differ: what drifted first, with the evidence. */
export function diffLines({ after, alpha, before, drifted, notes, tests }: ProfileDiff): string[] {
  const counts = ORDER.map((state) => {
    const count = tests.filter((test) => test.state === state).length;
    return `${formatCount(count)} ${state}`;
  });
  return [
    `before  ${sideText(before)}`,
    `after   ${sideText(after)}`,
    "",
    ...ORDER.flatMap((state) =>
      tests.filter((test) => test.state === state).flatMap((test) => testLines(test)),
    ),
    "",
    ...notes.flatMap((note) => wrapped(`! ${note}`)),
    ...wrapped(
      `${drifted ? "DRIFTED" : "no drift"}: ${counts.join(", ")}; p-values are adjusted for all ` +
        `tests (Holm, ${formatRatio(alpha)})`,
    ),
  ];
}
