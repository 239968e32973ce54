import { NS_PER_S } from "../../core/index.ts";
import type { Makeup } from "./schema.ts";

/** With fewer whole windows than this, nothing is said of their dispersion. */
const WINDOWS_MIN = 10;
/** More windows than this, and the series goes over to longer ones. */
const SERIES_MAX = 240;
const MS = 1e6;
const MINUTE = 60 * NS_PER_S;
const HOUR = 60 * MINUTE;
/** Each a whole multiple of the one before. */
const LADDER_NS: readonly number[] = [
  ...[1, 5, 10, 50, 100, 500].map((ms) => ms * MS),
  ...[1, 5, 10, 30].map((s) => s * NS_PER_S),
  ...[1, 5, 10, 30].map((minutes) => minutes * MINUTE),
  ...[1, 6, 24].map((hours) => hours * HOUR),
];

/** The most arrivals in any half-open window of one length. Holds the arrivals of one window. */
class Peak {
  readonly #windowNs: number;
  #inside: number[] = [];
  #from = 0;
  #most = 0;

  constructor(windowS: number) {
    this.#windowNs = windowS * NS_PER_S;
  }

  add(offsetNs: number): void {
    this.#inside.push(offsetNs);
    while (offsetNs - this.#inside[this.#from]! >= this.#windowNs) this.#from++;
    this.#most = Math.max(this.#most, this.#inside.length - this.#from);
    if (this.#from < 1_024 || this.#from < this.#inside.length / 2) return;
    this.#inside = this.#inside.slice(this.#from);
    this.#from = 0;
  }

  perSec(durationNs: number): number | null {
    return durationNs < this.#windowNs ? null : this.#most / (this.#windowNs / NS_PER_S);
  }
}

/** Variance ÷ mean of the counts in consecutive windows; the last, begun one is left out. */
class Dispersion {
  readonly #windowNs: number;
  #window = 0;
  #count = 0;
  #sum = 0;
  #squares = 0;

  constructor(windowS: number) {
    this.#windowNs = windowS * NS_PER_S;
  }

  add(offsetNs: number): void {
    const window = Math.floor(offsetNs / this.#windowNs);
    if (window !== this.#window) {
      this.#sum += this.#count;
      this.#squares += this.#count ** 2;
      this.#window = window;
      this.#count = 0;
    }
    this.#count++;
  }

  /** The windows between are empty, and add nothing to the sums. */
  get index(): number | null {
    const windows = this.#window;
    if (windows < WINDOWS_MIN || this.#sum === 0) return null;
    const mean = this.#sum / windows;
    return (this.#squares - windows * mean ** 2) / (windows - 1) / mean;
  }
}

/** Counts in windows whose length grows with the profile, so that there are never too many. */
class RateSeries {
  #rung = 0;
  #counts: number[] = [];

  add(offsetNs: number): void {
    while (offsetNs >= SERIES_MAX * LADDER_NS[this.#rung]! && this.#rung < LADDER_NS.length - 1) {
      this.#lengthen();
    }
    const window = Math.floor(offsetNs / LADDER_NS[this.#rung]!);
    while (this.#counts.length <= window) this.#counts.push(0);
    this.#counts[window]!++;
  }

  get series(): Makeup["rateSeries"] {
    return { windowNs: LADDER_NS[this.#rung]!, counts: this.#counts };
  }

  #lengthen(): void {
    const times = LADDER_NS[this.#rung + 1]! / LADDER_NS[this.#rung]!;
    const longer: number[] = [];
    for (const [at, count] of this.#counts.entries()) {
      const window = Math.floor(at / times);
      longer[window] = (longer[window] ?? 0) + count;
    }
    this.#counts = longer;
    this.#rung++;
  }
}

/** How requests arrive, told of their offsets in order, once. Holds ten seconds of them. */
export class Arrivals {
  readonly #peaks = { over1S: new Peak(1), over10S: new Peak(10) };
  readonly #dispersions = {
    over1S: new Dispersion(1),
    over10S: new Dispersion(10),
    over60S: new Dispersion(60),
  };
  readonly #series = new RateSeries();
  #count = 0;
  #firstNs = 0;
  #lastNs = 0;
  #meanGapNs = 0;
  #gapSquares = 0;

  /** @param offsetNs from 0, never less than the one before */
  add(offsetNs: number): void {
    if (this.#count === 0) this.#firstNs = offsetNs;
    else this.#gap(offsetNs - this.#lastNs);
    this.#count++;
    this.#lastNs = offsetNs;
    for (const peak of Object.values(this.#peaks)) peak.add(offsetNs);
    for (const dispersion of Object.values(this.#dispersions)) dispersion.add(offsetNs);
    this.#series.add(offsetNs);
  }

  /** Welford's running variance, over as many gaps as there are arrivals but the first. */
  #gap(gapNs: number): void {
    const before = gapNs - this.#meanGapNs;
    this.#meanGapNs += before / this.#count;
    this.#gapSquares += before * (gapNs - this.#meanGapNs);
  }

  #cv(precisionNs: number): number | null {
    const gaps = this.#count - 1;
    const meanNs = gaps > 0 ? (this.#lastNs - this.#firstNs) / gaps : 0;
    if (gaps < 2 || meanNs === 0 || meanNs < precisionNs) return null;
    return Math.sqrt(this.#gapSquares / (gaps - 1)) / meanNs;
  }

  /** @param precisionNs the resolution of the capture's clock */
  figures(
    precisionNs: number,
  ): Pick<
    Makeup,
    | "requestCount"
    | "durationNs"
    | "meanRatePerSec"
    | "peakRatePerSec"
    | "interArrivalCv"
    | "dispersion"
    | "rateSeries"
  > {
    const durationNs = this.#lastNs;
    const { over1S, over10S } = this.#peaks;
    return {
      requestCount: this.#count,
      durationNs,
      meanRatePerSec: durationNs > 0 ? this.#count / (durationNs / NS_PER_S) : null,
      peakRatePerSec: { over1S: over1S.perSec(durationNs), over10S: over10S.perSec(durationNs) },
      interArrivalCv: this.#cv(precisionNs),
      dispersion: {
        over1S: this.#dispersions.over1S.index,
        over10S: this.#dispersions.over10S.index,
        over60S: this.#dispersions.over60S.index,
      },
      rateSeries: this.#series.series,
    };
  }
}
