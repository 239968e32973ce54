import { requestKey } from "../keys.ts";
import { popularityOfTimes } from "../popularity.ts";
import type { ProfileRecord } from "../record.ts";
import { cacheSizes, ReuseDistances } from "../reuse.ts";
import { type WorkingSetCurve, workingSetAt, workingSetOfTimes } from "../working-set.ts";
import type { Makeup } from "./schema.ts";

/** Points of the curve for each tenfold of requests. */
const CURVE_STEPS = [1, 2, 5];

function curveOf(curve: WorkingSetCurve): Makeup["workingSetCurve"] {
  const at: number[] = [];
  for (let decade = 1; decade < curve.requests; decade *= 10) {
    at.push(...CURVE_STEPS.map((step) => step * decade).filter((n) => n < curve.requests));
  }
  if (curve.requests > 0) at.push(curve.requests);
  return at.map((requests) => ({ requests, distinct: workingSetAt(curve, requests) }));
}

/**
 * What requests ask for. Takes about 200 bytes for each distinct key, and the key's own text,
 * however often each is asked for.
 */
export class Keys {
  readonly #times = new Map<string, number>();
  readonly #distances = new ReuseDistances();
  #requests = 0;
  #keyed = 0;

  add(record: ProfileRecord): void {
    this.#requests++;
    const key = requestKey(record);
    if (key === null) return;
    this.#keyed++;
    this.#times.set(key, (this.#times.get(key) ?? 0) + 1);
    this.#distances.add(key);
  }

  /** How often each key was asked for, in no order. */
  get times(): Iterable<number> {
    return this.#times.values();
  }

  get distances(): ReuseDistances {
    return this.#distances;
  }

  get workingSet(): WorkingSetCurve {
    return workingSetOfTimes(this.#times.values(), this.#requests);
  }

  figures(): Pick<
    Makeup,
    "popularity" | "reuseDistance" | "cacheHits" | "workingSetCurve" | "workingSetGrowth"
  > {
    const curve = this.workingSet;
    const known = {
      reuseDistance: this.#distances.summary(),
      workingSetCurve: curveOf(curve),
      workingSetGrowth: curve.growth,
    };
    if (this.#keyed === 0) return { ...known, popularity: null, cacheHits: [] };
    return {
      ...known,
      popularity: popularityOfTimes(this.#times.values(), this.#keyed),
      cacheHits: cacheSizes(this.#times.size).map((entries) => ({
        entries,
        hitRatio: this.#distances.hitRatio(entries),
      })),
    };
  }
}
