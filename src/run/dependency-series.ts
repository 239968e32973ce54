import { type ArmMeta, type CallBatch, Histogram, RowGroups } from "../measure/index.ts";
import type { DependencyArm, ReportModel, Series } from "../report/index.ts";
import { CallEdges } from "./call-edges.ts";
import { KeyCounts } from "./key-counts.ts";
import { WINDOW_NS } from "./timeline.ts";

const DELAY_QUANTILES = [0, 0.5, 0.75, 0.9, 0.95, 0.99, 0.995, 0.999, 0.9999];

/** What is known of one dependency's calls of one arm. A delay counts where an answer was to wait. */
class Asked {
  readonly meant = new Histogram();
  readonly given = new Histogram();
  readonly keys = new KeyCounts();
  readonly edges: CallEdges;

  constructor(windows: number) {
    this.edges = new CallEdges(windows, WINDOW_NS);
  }
}

function delaysAndKeys({ given, keys, meant }: Asked): Pick<DependencyArm, "delays" | "keys"> {
  const told = DELAY_QUANTILES.filter((p) => given.count > 0 && given.count * (1 - p) >= 1);
  return {
    delays: told.map((p) => ({
      quantile: p,
      meantUs: meant.quantile(p),
      givenUs: given.quantile(p),
    })),
    keys: { distinct: keys.distinct, topCalls: keys.most },
  };
}

/** Each dependency's calls, for each arm: in flight in one-second windows, how long, and for what. */
export class DependencySeries {
  readonly #dependencies: readonly string[];
  readonly #arms: readonly string[];
  readonly #asked: readonly (readonly Asked[])[];
  readonly #groups = new RowGroups();

  constructor({ dependencies }: ArmMeta, arms: readonly string[], durationNs: number) {
    const windows = Math.max(Math.ceil(durationNs / WINDOW_NS), 1);
    this.#dependencies = dependencies;
    this.#arms = arms;
    this.#asked = dependencies.map(() => arms.map(() => new Asked(windows)));
  }

  add(batch: CallBatch): void {
    const { arriveNs, endNs } = batch;
    const { arm, dependency, key } = batch.columns;
    const { keys } = this.#groups;
    const arms = this.#arms.length;
    for (let row = 0; row < batch.rows; row++) {
      keys[row] = -1;
      const of = this.#asked[dependency[row]!]?.[arm[row]!];
      if (of === undefined) continue;
      of.edges.add(arriveNs[row]!, endNs[row]!);
      of.keys.add(key[row]!);
      if (batch.hasWaited(row)) keys[row] = dependency[row]! * arms + arm[row]!;
    }
    this.#groups.each(this.#groups.all(batch.rows), (place, list) => {
      const { given, meant } = this.#asked[Math.floor(place / arms)]![place % arms]!;
      meant.recordEach(batch.meantBuckets, list);
      given.recordEach(batch.givenBuckets, list);
    });
  }

  /** No call that comes later arrived before this moment. */
  passed(atNs: number): void {
    for (const arms of this.#asked) for (const { edges } of arms) edges.passed(atNs);
  }

  /** When all have come: once. */
  rows(): ReportModel["dependencies"] {
    return this.#dependencies.map((dependency, index) => ({
      dependency,
      arms: this.#arms.map((arm, armIndex) => {
        const of = this.#asked[index]![armIndex]!;
        return { arm, ...seriesOf(of.edges), ...delaysAndKeys(of) };
      }),
    }));
  }
}

function seriesOf(edges: CallEdges) {
  const occupied = edges.occupied();
  const column = (read: (window: (typeof occupied)[number]) => number): Series =>
    occupied.map(read);
  return {
    inFlightMean: column(({ areaNs }) => areaNs / WINDOW_NS),
    inFlightMax: column(({ max }) => max),
    callsPerSec: column(({ calls }) => calls),
  };
}
