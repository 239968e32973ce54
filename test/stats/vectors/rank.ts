import {
  cohensD,
  hodgesLehmann,
  interpolatedQuantile,
  mannWhitney,
  outliers,
  quantileOrderInterval,
  runLevelEffect,
  signTest,
  signedRank,
  tQuantile,
} from "../../../src/stats/index.ts";
import type { Runners, VectorInput } from "./runner.ts";

const shiftOf = ({ conf, control, experiment }: VectorInput) => {
  const { estimate, high, low } = hodgesLehmann(experiment, control, {
    confidence: conf,
    method: "normal",
  });
  return { estimate, ci: [low, high] };
};

const median = (values: readonly number[]): number => interpolatedQuantile(values, 0.5);

export const rank: Runners = {
  "benchstat-u-ties": ({ x, y }) => ({ p_two_sided: mannWhitney(x, y).pValue }),
  "benchstat-golden-gob": ({ new_ns, old_ns }) => {
    const p = mannWhitney(old_ns, new_ns).pValue;
    const verdict = p > 0.05 ? "~" : "changed";
    return { old_median: median(old_ns), new_median: median(new_ns), p, verdict };
  },
  "benchstat-median-ci": ({ conf, values }) => {
    const sorted = (values as number[]).toSorted((a, b) => a - b);
    const { coverage, highRank, lowRank } = quantileOrderInterval(sorted.length, 0.5, conf);
    return {
      center: median(values),
      lo: sorted[lowRank - 1],
      hi: sorted[highRank - 1],
      achieved_conf: coverage,
    };
  },
  "mw-r-exact": ({ alternative, x, y }) => {
    const normal = { alternative, method: "normal", continuity: false } as const;
    const exact = mannWhitney(x, y, { alternative });
    return { W: exact.u, p_exact: exact.pValue, p_normal_no_cc: mannWhitney(x, y, normal).pValue };
  },
  "wsr-r-exact": ({ alternative, x, y }) => {
    const differences = (x as number[]).map((value, i) => value - y[i]);
    const exact = signedRank(differences, { alternative });
    const normal = signedRank(differences, { alternative, method: "normal", continuity: false });
    return { V: exact.v, p_exact: exact.pValue, p_normal_no_cc: normal.pValue };
  },
  "sign-test": ({ alternative, n, positive }) => ({ p: signTest(positive, n, alternative) }),
  "hl-ci-kayenta": shiftOf,
  "hl-ci-r-small": shiftOf,
  "cles-high": ({ control, experiment }) => {
    const { cles, cliffsDelta } = mannWhitney(experiment, control);
    return { cles, cliffs_delta: cliffsDelta };
  },
  "cohen-d-kayenta": ({ control, experiment }) => ({ d: cohensD(experiment, control) }),
  "iqr-outlier": ({ factor, values }) => ({ outlier_flags: outliers(values, factor) }),
  "percentile-r7": ({ pct, values }) => ({
    q: (pct as number[]).map((percent) => interpolatedQuantile(values, percent / 100)),
  }),
  "run-level-t": ({ conf, log_ratio_per_run }) => {
    const runs = (log_ratio_per_run as number[]).map((estimate) => ({ estimate, se: 0, df: 1 }));
    const { df, estimate, high, low, se } = runLevelEffect({ runs, confidence: conf });
    return { mean: estimate, se, ci: [low, high], t_crit_df3: tQuantile((1 + conf) / 2, df) };
  },
};
