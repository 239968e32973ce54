import { keyedDraw } from "../core/index.ts";
import type { NotCompared, ResponsePair } from "../measure/index.ts";
import { benjaminiHochberg, signTest } from "../stats/index.ts";
import type { Cut } from "./blocks.ts";

/** A field that differs in more of control's own repeats is noise. */
const NOISE_ABOVE = 0.05;
/** One repeat that differs shows nothing yet. */
const NOISE_LEAST = 2;
/** Of a route: with fewer, all routes tell together. */
const REPEATS_ENOUGH = 20;

/** The same field of two routes is two fields. */
const fieldKey = ({ route }: Pick<ResponsePair, "route">, field: string): string =>
  `${route} ${field}`;

const isOfControl = ({ arm }: ResponsePair): boolean => arm === 0;
const isCompared = ({ skipped }: ResponsePair): boolean => skipped === undefined;

/** How many there are of each, by key. */
class Counts<Key> extends Map<Key, number> {
  add(key: Key): void {
    this.set(key, this.of(key) + 1);
  }

  of(key: Key): number {
    return this.get(key) ?? 0;
  }
}

/** Compared repeats by route, and by field those in which it differs. */
function repeatsOf(pairs: readonly ResponsePair[]) {
  const routes = new Counts<number>();
  const fields = new Counts<string>();
  for (const pair of pairs) {
    if (!isOfControl(pair) || !isCompared(pair)) continue;
    routes.add(pair.route);
    for (const field of pair.fields) fields.add(fieldKey(pair, field));
  }
  return { routes, fields };
}

/**
 * Whether a field differs between control and itself too often to be compared. Of a route with few
 * repeats it is known by all routes in which the field differs: a moment or an id is called the same
 * everywhere.
 */
function noiseIn(pairs: readonly ResponsePair[]): (route: number, field: string) => boolean {
  const { fields, routes } = repeatsOf(pairs);
  const routesOf = new Map<string, Set<number>>();
  for (const { fields: differing, route } of pairs.filter(isCompared)) {
    for (const field of differing) {
      const known = routesOf.get(field) ?? new Set();
      routesOf.set(field, known.add(route));
    }
  }
  const isNoise = (field: string, over: Iterable<number>): boolean => {
    let [differing, repeats] = [0, 0];
    for (const route of over) {
      differing += fields.of(fieldKey({ route }, field));
      repeats += routes.of(route);
    }
    return differing >= NOISE_LEAST && differing / repeats > NOISE_ABOVE;
  };
  const everywhere = new Set(
    [...routesOf].flatMap(([field, over]) => (isNoise(field, over) ? field : [])),
  );
  return (route, field) =>
    routes.of(route) < REPEATS_ENOUGH ? everywhere.has(field) : isNoise(field, [route]);
}

/** Drawn, since what a start asks for may go by its number. */
const halfOf = ({ seq }: ResponsePair): 0 | 1 =>
  keyedDraw("half", seq).uniform("half") < 0.5 ? 0 : 1;

/**
 * Credits compared answers to the blocks of their intended starts: control's with what it answered
 * the second time, a variant's with control's. Fields that are noise are left out on both sides; of
 * other noise as much is expected in either, so that the difference of the shares is the variant's.
 * What is noise for one half of the starts is told by the other half: told by the same repeats that
 * are counted, a field near the bound would be left out where they happen to differ often, and kept
 * where they do not.
 * Source: the idea of Diffy's primary, secondary and candidate (Twitter 2015), by start.
 */
export function countResponses(cut: Cut, pairs: readonly ResponsePair[]): void {
  const halves = [0, 1].map((half) => pairs.filter((pair) => halfOf(pair) === half));
  const noise = halves.map(noiseIn);
  for (const pair of pairs) {
    if (!isCompared(pair)) continue;
    const isNoise = noise[1 - halfOf(pair)]!;
    const block = cut.at(pair.arm, pair.atNs);
    if (block === undefined) continue;
    block.answersCompared++;
    if (pair.fields.some((field) => !isNoise(pair.route, field))) block.answersDiffering++;
  }
}

/** How often a field of a route differs between a variant and control, and control and itself. */
export interface FieldDifference {
  /** Of the plan. */
  readonly arm: string;
  readonly route: string;
  readonly field: string;
  /** Compared starts of the route, and those of them in which the field differs. */
  readonly pairs: number;
  readonly differing: number;
  readonly repeats: number;
  readonly repeatsDiffering: number;
  /** One-sided, for "no more than control and itself", over all fields; null without a repeat. */
  readonly adjustedP: number | null;
  readonly status: "differs" | "noise" | "not-shown" | "unknown";
  readonly example: { readonly control: string; readonly variant: string } | null;
}

/** What came of comparing answers. */
export interface ComparedResponses {
  readonly pairs: number;
  readonly repeats: number;
  /** Pairs that were to be compared and could not be, by why. */
  readonly notCompared: Readonly<Partial<Record<NotCompared, number>>>;
  /** What differs most clearly comes first; at most 200. */
  readonly fields: readonly FieldDifference[];
}

const SHOWN_BELOW = 0.1;
const FIELDS_MAX = 200;
const STATUS_ORDER = ["differs", "unknown", "not-shown", "noise"] as const;

interface FieldCounts {
  readonly arm: number;
  readonly route: number;
  readonly field: string;
  differing: number;
  /** Of starts that were repeated: those in which only the variant differs, and only the repeat. */
  variantOnly: number;
  repeatOnly: number;
  example: { readonly control: string; readonly variant: string } | null;
}

/** One run's pairs; starts of different runs have nothing to do with each other. */
function addRun(found: Map<string, FieldCounts>, pairs: readonly ResponsePair[]): void {
  const repeats = new Map(
    pairs
      .filter((pair) => isOfControl(pair) && isCompared(pair))
      .map((pair) => [pair.seq, new Set(pair.fields)]),
  );
  const countsOf = (arm: number, route: number, field: string): FieldCounts => {
    const key = `${arm} ${route} ${field}`;
    const counts = {
      arm,
      route,
      field,
      differing: 0,
      variantOnly: 0,
      repeatOnly: 0,
      example: null,
    };
    const known = found.get(key) ?? counts;
    found.set(key, known);
    return known;
  };
  for (const pair of pairs) {
    if (isOfControl(pair) || !isCompared(pair)) continue;
    const { arm, route } = pair;
    const again = repeats.get(pair.seq);
    for (const field of pair.fields) {
      const counts = countsOf(arm, route, field);
      counts.differing++;
      if (again?.has(field) === false) counts.variantOnly++;
      const shown = pair.examples?.find(([of]) => of === field);
      if (shown !== undefined) counts.example ??= { control: shown[1], variant: shown[2] };
    }
    for (const field of again ?? []) {
      if (!pair.fields.includes(field)) countsOf(arm, route, field).repeatOnly++;
    }
  }
}

/**
 * Which fields differ more between a variant and control than between control and itself: of the
 * starts that were repeated, those in which only one of the two differs (McNemar's test, exact and
 * one-sided), over all fields by Benjamini and Hochberg. Requests are the trials here, and may depend
 * on each other: this is a place to look, and what decides is `response_equality`, over blocks.
 * `runs` has the pairs of each run.
 */
export function compareResponses(
  runs: readonly (readonly ResponsePair[])[],
  { arms, routes }: { readonly arms: readonly string[]; readonly routes: readonly string[] },
): ComparedResponses {
  const found = new Map<string, FieldCounts>();
  for (const pairs of runs) addRun(found, pairs);
  const all = runs.flat();
  const repeats = repeatsOf(all);
  const isNoise = noiseIn(all);
  const pairsOf = new Counts<string>();
  for (const pair of all) {
    if (!isOfControl(pair) && isCompared(pair)) pairsOf.add(`${pair.arm} ${pair.route}`);
  }
  const counted = [...found.values()];
  const tested = counted.filter(({ route }) => repeats.routes.of(route) > 0);
  const adjusted = benjaminiHochberg(
    tested.map(({ repeatOnly, variantOnly }) =>
      signTest(variantOnly, variantOnly + repeatOnly, "greater"),
    ),
  );
  const adjustedOf = new Map(tested.map((counts, index) => [counts, adjusted[index]!]));
  const rows = counted.map((counts): FieldDifference => {
    const { arm, differing, example, field, route } = counts;
    const key = fieldKey(counts, field);
    const adjustedP = adjustedOf.get(counts) ?? null;
    const status = ((): FieldDifference["status"] => {
      if (adjustedP === null) return "unknown";
      if (isNoise(route, field)) return "noise";
      return adjustedP <= SHOWN_BELOW ? "differs" : "not-shown";
    })();
    return {
      arm: arms[arm] ?? "",
      route: routes[route] ?? "",
      field,
      pairs: pairsOf.of(`${arm} ${route}`),
      differing,
      repeats: repeats.routes.of(route),
      repeatsDiffering: repeats.fields.of(key),
      adjustedP,
      status,
      example,
    };
  });
  const notCompared: Partial<Record<NotCompared, number>> = {};
  for (const { skipped } of all) {
    if (skipped !== undefined) notCompared[skipped] = (notCompared[skipped] ?? 0) + 1;
  }
  return {
    pairs: all.filter((pair) => !isOfControl(pair) && isCompared(pair)).length,
    repeats: all.filter((pair) => isOfControl(pair) && isCompared(pair)).length,
    notCompared,
    fields: rows.toSorted(byClarity).slice(0, FIELDS_MAX),
  };
}

function byClarity(a: FieldDifference, b: FieldDifference): number {
  const rank = ({ status }: FieldDifference): number => STATUS_ORDER.indexOf(status);
  const share = ({ differing, pairs }: FieldDifference): number => differing / Math.max(pairs, 1);
  return (
    rank(a) - rank(b) ||
    (a.adjustedP ?? 0) - (b.adjustedP ?? 0) ||
    share(b) - share(a) ||
    (fieldName(a) < fieldName(b) ? -1 : 1)
  );
}

const fieldName = ({ arm, field, route }: FieldDifference): string => `${arm} ${route} ${field}`;
