import { blockHomogeneity } from "../../stats/index.ts";
import type { ProfileRecord } from "../record.ts";
import { type BlockedProfile, type Pair, sum } from "./blocks.ts";
import { type Compared, type DriftAspect, type DriftDetail, untold } from "./drift.ts";

/** A category that is expected less often than this in either profile is pooled with others. */
const EXPECTED_MIN = 5;
const CATEGORIES_MAX = 40;
const DETAILS_MAX = 10;
/** Cohen's small effect is 0.1 of a table with two rows. */
const MATTERS_FROM = 0.05;
/** What a block adds to a mix must not be one session alone. */
const RECORDS_MIN = 100;

type CategoryOf = (record: ProfileRecord) => string | undefined;

interface Table {
  readonly names: readonly string[];
  readonly before: readonly (readonly number[])[];
  readonly after: readonly (readonly number[])[];
}

function countsOf({ blocks }: BlockedProfile, categoryOf: CategoryOf): Map<string, number>[] {
  return blocks.map((records) => {
    const counts = new Map<string, number>();
    for (const record of records) {
      const category = categoryOf(record);
      if (category !== undefined) counts.set(category, (counts.get(category) ?? 0) + 1);
    }
    return counts;
  });
}

function totalsOf(blocks: readonly Map<string, number>[]): Map<string, number> {
  const totals = new Map<string, number>();
  for (const block of blocks) {
    for (const [name, count] of block) totals.set(name, (totals.get(name) ?? 0) + count);
  }
  return totals;
}

const OTHERS = "(others)";

/** The counts by block, with all categories in one that are too rare to be judged alone. */
function pooled(
  before: readonly Map<string, number>[],
  after: readonly Map<string, number>[],
): Table {
  const [first, second] = [totalsOf(before), totalsOf(after)];
  const [n1, n2] = [sum([...first.values()]), sum([...second.values()])];
  const expected = (name: string): number =>
    (((first.get(name) ?? 0) + (second.get(name) ?? 0)) / (n1 + n2)) * Math.min(n1, n2);
  const all = [...new Set([...first.keys(), ...second.keys()])].toSorted(
    (a, b) => expected(b) - expected(a) || (a < b ? -1 : 1),
  );
  const own = all.filter((name) => expected(name) >= EXPECTED_MIN).slice(0, CATEGORIES_MAX);
  const rest = all.filter((name) => !own.includes(name));
  // A small profile that has nothing in common with a large one is all among the rare.
  const smaller = n1 < n2 ? first : second;
  const seen = sum(rest.map((name) => smaller.get(name) ?? 0));
  const restMatters = Math.max(sum(rest.map(expected)), seen) >= EXPECTED_MIN;
  const names = restMatters ? [...own, OTHERS] : own;
  const row = (block: Map<string, number>): number[] => [
    ...own.map((name) => block.get(name) ?? 0),
    ...(restMatters ? [sum(rest.map((name) => block.get(name) ?? 0))] : []),
  ];
  return { names, before: before.map(row), after: after.map(row) };
}

/** What moved most first. */
function detailsOf({ after, before, names }: Table): DriftDetail[] {
  const shares = (blocks: readonly (readonly number[])[]): number[] => {
    const totals = names.map((_, j) => sum(blocks.map((row) => row[j]!)));
    return totals.map((total) => total / sum(totals));
  };
  const [was, is] = [shares(before), shares(after)];
  return names
    .map((what, j) => ({ what, before: was[j]!, after: is[j]! }))
    .toSorted((a, b) => Math.abs(b.after - b.before) - Math.abs(a.after - a.before))
    .slice(0, DETAILS_MAX);
}

/**
 * Whether two profiles have the same mix of some category of their records; those without one are
 * left out. Rare categories are pooled, and requests of one block of time may come together.
 */
export function compareMix(
  pair: Pair,
  aspect: DriftAspect,
  { categoryOf, noun }: { readonly categoryOf: CategoryOf; readonly noun: string },
): Compared {
  const [before, after] = [countsOf(pair.before, categoryOf), countsOf(pair.after, categoryOf)];
  const sizes = [before, after].map((blocks) => sum([...totalsOf(blocks).values()]));
  if (sizes.includes(0)) {
    const which = sizes.every((size) => size === 0) ? "neither profile" : "one of the profiles";
    return untold(aspect, "share", `${which} knows ${noun}`);
  }
  if (Math.min(...sizes) < RECORDS_MIN) {
    const few = `${Math.min(...sizes)} requests with ${noun}; it takes ${RECORDS_MIN}`;
    return untold(aspect, "share", few);
  }
  const table = pooled(before, after);
  const same = { aspect, unit: "share", before: null, after: null } as const;
  const details = detailsOf(table);
  if (table.names.length === 0 || table.names[0] === OTHERS) {
    return untold(aspect, "share", `${noun} differ from request to request: each is too rare`);
  }
  if (table.names.length < 2) {
    const effect = { measure: "cramers-v", value: 0, low: null, high: null } as const;
    const because = `all are ${table.names[0]}`;
    return {
      ...same,
      effect: { ...effect, mattersFrom: MATTERS_FROM },
      pValue: 1,
      because,
      details,
    };
  }
  const { cramersV, pValue } = blockHomogeneity(table.before, table.after);
  return {
    ...same,
    effect: {
      measure: "cramers-v",
      value: cramersV,
      low: null,
      high: null,
      mattersFrom: MATTERS_FROM,
    },
    pValue,
    because: null,
    details,
  };
}
