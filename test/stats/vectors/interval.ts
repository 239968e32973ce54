import {
  benjaminiHochberg,
  moverRatio,
  newcombe,
  quantileOrderInterval,
  wilson,
} from "../../../src/stats/index.ts";
import type { Runners, VectorInput } from "./runner.ts";

const pair = ({ high, low }: { readonly low: number; readonly high: number }) => [low, high];

const wilsonOf = ({ n, x }: VectorInput) => ({
  ci: pair(wilson({ events: x, trials: n }, 0.95)),
});

const newcombeOf = ({ n1, n2, x1, x2 }: VectorInput) => ({
  ci: pair(newcombe({ events: x1, trials: n1 }, { events: x2, trials: n2 }, 0.95)),
});

const ranksOf = ({ conf, n, p }: VectorInput) => {
  const { coverage, highRank, lowRank } = quantileOrderInterval(n, p, conf);
  return { l: lowRank, u: highRank, coverage };
};

/** The fewest values whose median has a finite interval. */
const fewest = (confidence: number): number => {
  for (let n = 1; ; n++) {
    const { highRank, lowRank } = quantileOrderInterval(n, 0.5, confidence);
    if (lowRank >= 1 && highRank <= n) return n;
  }
};

export const interval: Runners = {
  "newcombe-10-10-0-20": newcombeOf,
  "newcombe-6-7-2-7": newcombeOf,
  "newcombe-56-70-48-80": newcombeOf,
  "newcombe-9-10-3-10": newcombeOf,
  "wilson-15-148": wilsonOf,
  "wilson-1-29": wilsonOf,
  "quantile-ranks-n1000-p0.95": ranksOf,
  "quantile-ranks-n100-p0.9": ranksOf,
  "quantile-ranks-n1000-p0.99": ranksOf,
  "median-ci-table": ({ n, p }) => {
    const all = (n as number[]).map((size) => quantileOrderInterval(size, p, 0.95));
    return {
      ranks: all.map(({ highRank, lowRank }) => [lowRank, highRank]),
      coverage: all.map(({ coverage }) => coverage),
    };
  },
  "benchstat-median-minn": ({ conf }) => ({
    min_n_for_finite_median_ci: (conf as number[]).map(fewest),
  }),
  "mover-ratio": ({ Qc, Qv, ci_c, ci_v, rho }) => {
    const at = (correlation: number) =>
      moverRatio({
        control: { estimate: Qc, low: ci_c[0], high: ci_c[1] },
        variant: { estimate: Qv, low: ci_v[0], high: ci_v[1] },
        correlation,
      });
    return {
      ratio: at(rho[0]).estimate,
      ci_rho0: pair(at(rho[0])),
      "ci_rho.6": pair(at(rho[1])),
    };
  },
  "multi-gb-bh": ({ p }) => {
    const adjusted = benjaminiHochberg(p);
    const order = (p as number[]).map((_, i) => i).toSorted((a, b) => p[b] - p[a]);
    return { bh_desc: order.map((i) => adjusted[i]), index_order: order };
  },
};
