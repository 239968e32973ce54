import gammaln from "@stdlib/math-base-special-gammaln";
import {
  asymptoticHalfWidth,
  asymptoticPValue,
  betaBinomialMixture,
  doubleStitchingBound,
  ecdfBandRadius,
  ecdfBandRadiusClosed,
  EProcess,
  type EState,
  lift,
  mixtureCriticalZ,
  mixtureLogRatio,
  mixtureScale,
  normalQuantile,
  polynomialStitchingBound,
  quantileAbPValue,
  quantileRadius,
  sampleRatioLogE,
  selfNormalisedBound,
  selfNormalisedInterval,
  sequentialMcNemarLogE,
  shareMixture,
  shareSequence,
  tCdf,
  tQuantile,
  twoSidedLogE,
} from "../../../src/stats/index.ts";
import { groupSequential } from "./group-sequential.ts";
import type { Runners, VectorInput } from "./runner.ts";

const selfNormalised: Runners = {
  "cs-selfnorm-paired-blocks": ({ D, alpha, alpha_opt, v_opt }) => {
    const rho = mixtureScale({ plannedSumOfSquares: v_opt, alpha: alpha_opt, sides: 2 });
    const { high, low } = selfNormalisedInterval(D, rho, alpha);
    return { rho, mean: (low + high) / 2, ci_component_containing_mean: [low, high] };
  },
  "cs-selfnorm-onesided-p": ({ D, alpha_opt, v_opt }) => {
    const rho = mixtureScale({ plannedSumOfSquares: v_opt, alpha: alpha_opt, sides: 1 });
    const states = [
      new EProcess({ nullEffect: 0, alternative: "greater", rho }),
      new EProcess({ nullEffect: 0.05, alternative: "less", rho }),
    ].map((process) => D.map((effect: number) => process.add(effect)).at(-1) as EState);
    return { rho, log_e: states.map(({ logE }) => logE), p: states.map(({ pValue }) => pValue) };
  },
};

const betaBinomial = ({ alpha, alpha_opt, g, h, s, sides, v, v_opt }: VectorInput) => {
  const mixture = betaBinomialMixture({ g, h, sides, vOpt: v_opt, alphaOpt: alpha_opt });
  return { log_m: mixture.logE(s, v), bound: mixture.bound(v, alpha) };
};

const normalMixture = ({ alpha, alpha_opt, s, v, v_opt }: VectorInput) => {
  const rho = mixtureScale({ plannedSumOfSquares: v_opt, alpha: alpha_opt, sides: 2 });
  return { log_m: twoSidedLogE(s, v, rho), bound: selfNormalisedBound(v, rho, alpha) };
};

const share = ({ alpha, alpha_opt, successes, t_opt, trials }: VectorInput) => {
  const tuning = { tOpt: t_opt, alphaOpt: alpha_opt };
  const { high, low } = shareSequence({ events: successes, trials, alpha, ...tuning });
  return { ci: [low, high] };
};

const range = (text: string) => {
  const [first, last] = text.split("..").map(Number);
  return Array.from({ length: last! - first! + 1 }, (_, i) => first! + i);
};

const quantileAb = ({ a, alpha_opt, b, p, t_opt }: VectorInput) => {
  const arms = { control: range(a), variant: range(b) };
  return { p_value: quantileAbPValue({ ...arms, p, tOpt: t_opt, alphaOpt: alpha_opt }) };
};

const bounds: Runners = {
  "cs-bb1-logm": betaBinomial,
  "cs-bb1-bound": betaBinomial,
  "cs-bb2-logm": betaBinomial,
  "cs-nm2-bound": normalMixture,
  "cs-nm2-logm": normalMixture,
  "cs-ecdf-lil": ({ A: a, alpha, t, t_min: tMin }) => ({
    radius: ecdfBandRadius({ t, alpha, tMin, a }),
  }),
  "cs-poly-stitch": ({ alpha, c, eta, s, v, v_min: vMin }) => ({
    bound: polynomialStitchingBound({ v, alpha, vMin, c, s, eta }),
  }),
  "cs-double-stitch-p0.1": ({ t_opt: tOpt, ...input }) => ({
    bound_on_count: doubleStitchingBound({ ...input, tOpt }),
  }),
  "hr-closed-form": ({ alpha, t, t_min: tMin, u_p }) => ({
    "ecdf_band_closed_.85(loglog(et)+.8log(1612/a))": ecdfBandRadiusClosed(t, alpha),
    ecdf_band_code: ecdfBandRadius({ t, alpha, tMin }),
    u_closed: u_p.map((p: number) => quantileRadius(t, p, alpha)),
  }),
  "cs-anytime-cost": ({ p_t }) => {
    const radius = (t: number, p: number) =>
      shareMixture(p, { tOpt: t, alphaOpt: 0.05 }).bound(p * (1 - p) * t, 0.05) / t;
    const ratio = ([p, t]: [number, number]) =>
      (radius(t, p) + radius(t, 1 - p)) /
      (2 * normalQuantile(0.975) * Math.sqrt((p * (1 - p)) / t));
    return {
      ratio_to_fixed_n_radius: p_t.map(ratio),
      radius_p99_t10000: { pos: radius(10_000, 0.99), neg: radius(10_000, 0.01) },
    };
  },
  "cs-bernoulli-5-50": share,
  "cs-bernoulli-15-50": share,
  "cs-bernoulli-1-50": share,
  "cs-bernoulli-1-2": share,
  "cs-quantile-ab-p0.5-off70": quantileAb,
  "cs-quantile-ab-p0.9-off55": quantileAb,
  "cs-asymptotic-blocks": ({ N_star: plannedN, alpha, n, sd }) => ({
    half_width: asymptoticHalfWidth({ n, sd, plannedN, alpha }),
  }),
  "msprt-normal-1": ({ mean_diff: mean, n, tau2: mixingVariance, var_of_one_diff: variance }) => ({
    Lambda: Math.exp(mixtureLogRatio({ n, mean, variance, mixingVariance })),
  }),
  // With a mixing variance that shrinks with the sample, as Statsig documents it.
  "statsig-zstar": ({ alpha, n_per_arm }) => ({
    Z_star: n_per_arm.map((n: number) => {
      const mixingVariance = (normalQuantile(1 - alpha / 2) ** 2 * 2) / (2 * n);
      return mixtureCriticalZ({ squaredSe: 2 / n, mixingVariance, alpha: alpha / 2 });
    }),
  }),
  "seq-mcnemar-one-sided": (input) => {
    const worse = input.discordant_variant_worse;
    const better = input.discordant_control_worse;
    const E = Math.exp(sequentialMcNemarLogE({ worse, better }, 1));
    return { E, p: Math.min(1, 1 / E) };
  },
};

const add = (a: readonly number[], b: readonly number[]) => a.map((x, i) => x + b[i]!);

/** ln of the multinomial probability of one batch of counts. */
const logBatch = (counts: readonly number[], shares: readonly number[]) =>
  counts.reduce(
    (sum, count, i) => sum + count * Math.log(shares[i]!) - gammaln(count + 1),
    gammaln(counts.reduce((sum, count) => sum + count, 0) + 1),
  );

const sampleRatio = ({ dirichlet, increments, null: shares }: VectorInput) => {
  const log_m0: number[] = [];
  const log_m1: number[] = [];
  let counts: readonly number[] = [0, 0, 0];
  for (const batch of increments) {
    counts = add(counts, batch);
    log_m0.push((log_m0.at(-1) ?? 0) + logBatch(batch, shares));
    log_m1.push(log_m0.at(-1)! + sampleRatioLogE(counts, shares, dirichlet));
  }
  return { log_m0, log_m1, log_m0_last: log_m0.at(-1), log_m1_last: log_m1.at(-1) };
};

const summary = ({ n, sum, sum_squares: sumOfSquares }: VectorInput) => ({ n, sum, sumOfSquares });

const tTest = ({ control, relative, treatment: variant }: VectorInput) => {
  const { df, estimate, se } = lift(
    summary(control),
    summary(variant),
    relative ? "relative" : "absolute",
  );
  const half = tQuantile(0.975, df) * se;
  return {
    diff: estimate,
    lift: estimate,
    se,
    ci: [estimate - half, estimate + half],
    p: 2 * tCdf(-Math.abs(estimate) / se, df),
    upper_p: tCdf(-estimate / se, df),
    lower: estimate - tQuantile(0.95, df) * se,
  };
};

const lifts: Runners = {
  "gb-ttest-rel": tTest,
  "gb-ttest-abs": tTest,
  "gb-onesided-greater": (input) => {
    const found = tTest(input);
    return { ...found, p: found.upper_p };
  },
  "gb-seq-rel": (input) => {
    const { lift: mean, se } = tTest(input);
    const n = input.control.n + input.treatment.n;
    const band = { n, sd: se * Math.sqrt(n), plannedN: input.N_star, alpha: input.alpha };
    const half = asymptoticHalfWidth(band);
    return {
      lift: mean,
      se,
      ci: [mean - half, mean + half],
      p: asymptoticPValue({ ...band, mean }),
    };
  },
};

export const sequential: Runners = {
  ...groupSequential,
  ...selfNormalised,
  ...bounds,
  ...lifts,
  "ssrm-unit": sampleRatio,
  "ssrm-aggregated": sampleRatio,
};
