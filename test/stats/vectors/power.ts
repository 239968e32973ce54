import {
  asymptoticPower,
  deffClustered,
  lift,
  logNormalQuantileVariance,
  mdeOf,
  meanTestMde,
  meanTestPower,
  meanTestSize,
  mixtureScale,
  powerEach,
  quantileSize,
  shareTestSize,
  singleRunFalseAlarm,
  tQuantile,
  zTestPower,
} from "../../../src/stats/index.ts";
import { everRejecting } from "../sequential/peeking.ts";
import type { Runners, VectorInput } from "./runner.ts";

const TWO = { design: "two-sample", sides: 2 } as const;
const ONE = { design: "one-sample", sides: 2 } as const;

const pwr = ({ alpha, d, n }: VectorInput) => ({
  power: meanTestPower({ ...TWO, alpha, n, effect: d }),
});

const quantile = ({ alpha, deff, p, power, relative_mde, sigma_log }: VectorInput) => ({
  n_per_arm: quantileSize({
    variance: logNormalQuantileVariance(p, sigma_log),
    relativeMde: relative_mde,
    alpha,
    power,
    deff,
  }),
});

export const power: Runners = {
  "fleiss-827": ({ alpha_two_sided: alpha, p1, p2, power: wanted }) => {
    const test = { p1, p2, alpha, sides: 2, power: wanted } as const;
    return {
      n_per_group_no_cc: shareTestSize(test),
      n_per_group_cc: shareTestSize({ ...test, corrected: true }),
    };
  },
  "power-prop-2": ({ alpha, p1, p2, power: wanted }) => ({
    n_per_group: shareTestSize({ p1, p2, alpha, sides: 2, power: wanted }),
  }),
  "cohen-d-table": ({ alpha_two_sided: alpha, d, power: wanted }) => ({
    n_per_group: d.map((effect: number) =>
      Math.ceil(meanTestSize({ ...TWO, alpha, effect, power: wanted })),
    ),
  }),
  "power-pwr-two-sample-d-1-n-30": pwr,
  "power-pwr-two-sample-d-.1-n-20": pwr,
  "power-t-1": ({ alpha, delta, n, sd }) => ({
    power: meanTestPower({ ...TWO, alpha, n, effect: delta / sd }),
  }),
  "power-t-2": ({ alpha, delta, power: wanted }) => ({
    n_per_group: meanTestSize({ ...TWO, alpha, effect: delta, power: wanted }),
  }),
  "power-pwr-normal-ind-h-.3-n-80": ({ alpha, h, n }) => ({
    power: zTestPower(h * Math.sqrt(n / 2), alpha, 2),
  }),
  "gpower-two-tailed": ({ alpha, d: effect, power: wanted }) => {
    const n = Math.ceil(meanTestSize({ ...TWO, alpha, effect, power: wanted }));
    const df = 2 * n - 2;
    return {
      N_total: 2 * n,
      actual_power: meanTestPower({ ...TWO, alpha, effect, n }),
      t_crit: tQuantile(1 - alpha / 2, df),
      df,
      ncp: effect * Math.sqrt(n / 2),
    };
  },
  "gpower-one-tailed": ({ alpha, d: effect, power: wanted }) => ({
    N_total: 2 * Math.ceil(meanTestSize({ ...TWO, sides: 1, alpha, effect, power: wanted })),
  }),
  "gpower-one-sample": ({ alpha, d: effect, n }) => ({
    power: meanTestPower({ ...ONE, alpha, effect, n }),
  }),
  "power-gb-sequential": (input) => {
    const n = input.total_n / input.variations;
    const summary = (mean: number) => ({
      n,
      sum: n * mean,
      sumOfSquares: (n - 1) * input.variance + n * mean ** 2,
    });
    const powerAt = (effect: number) => {
      const { se } = lift(summary(input.mean), summary(input.mean * (1 + effect)), "relative");
      const sd = se * Math.sqrt(2 * n);
      const band = { n: 2 * n, sd, plannedN: input.N_star, alpha: input.alpha };
      return asymptoticPower({ ...band, effect });
    };
    return { power: powerAt(input.rel_effect), mde_80: mdeOf(powerAt, 0.8, 0.01) };
  },
  "quantile-n-p0.95": quantile,
  "quantile-n-p0.99": quantile,
  "deff-cluster": ({ cluster_size, icc }) => ({ deff: deffClustered(cluster_size, icc) }),
  "beta-correction-spotify": ({ guardrails, power: wanted, success_metrics }) => ({
    adjusted_power_each: powerEach(wanted, guardrails + success_metrics),
  }),
  "within-run-ci-fpr": ({ tau, within_run_se }) => ({
    fpr: tau.map((between: number) => singleRunFalseAlarm(within_run_se, between)),
  }),
  "sim-selfnorm-typeI": ({ noise }) => {
    const rho = mixtureScale({ plannedSumOfSquares: 100, alpha: 0.05, sides: 2 });
    const rates = noise.map((name: string) => everRejecting(name, 8_000, 200, rho));
    return {
      ever_reject: rates.map((rate: { process: number }) => rate.process),
      naive_t_peeking: rates.map((rate: { naive: number }) => rate.naive),
    };
  },
  "run-mde-floor": ({ R, alpha_two_sided: alpha, power: wanted }) => ({
    mde_over_tau: R.map((n: number) => meanTestMde({ ...ONE, alpha, n, power: wanted })),
    ci_halfwidth_over_tau: R.map((n: number) => tQuantile(1 - alpha / 2, n - 1) / Math.sqrt(n)),
  }),
};
