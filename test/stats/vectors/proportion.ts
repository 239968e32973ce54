import {
  benjaminiHochberg,
  benjaminiYekutieli,
  bonferroni,
  cochranQ,
  farringtonManningSizes,
  hochberg,
  holm,
  mantelHaenszel,
  mcNemar,
  miettinenNurminen,
  rateRatio,
  sampleRatio,
  scoreZ,
  twoStageBenjaminiHochberg,
  woolf,
} from "../../../src/stats/index.ts";
import type { Runners, VectorInput } from "./runner.ts";

const sampleRatioOf = ({ counts, weights }: VectorInput) => ({
  p: sampleRatio(counts, weights).pValue,
});

const sizesOf = ({ alpha_one_sided, beta, delta0, p1, p2, ratio }: VectorInput) => {
  const asked = { p1, p2, ratio, difference: delta0, alpha: alpha_one_sided, power: 1 - beta };
  const { first, second } = farringtonManningSizes(asked);
  return { n1: first, n2: second };
};

const samples = ({ n1, n2, x1, x2 }: VectorInput) =>
  [
    { events: x1, trials: n1 },
    { events: x2, trials: n2 },
  ] as const;

export const proportion: Runners = {
  "srm-chi2-1": sampleRatioOf,
  "srm-chi2-2": sampleRatioOf,
  "srm-chi2-3": sampleRatioOf,
  "srm-chi2-5": sampleRatioOf,
  "srm-chi2-6": sampleRatioOf,
  "srm-chi2-9": sampleRatioOf,
  "ni-fm-2": sizesOf,
  "ni-fm-3": sizesOf,
  "ni-mn-ci-2": (input) => {
    const { high, low } = miettinenNurminen(...samples(input), 0.95);
    return { ci: [low, high] };
  },
  "ni-z-410-400": (input) => ({ z: scoreZ(...samples(input), input.delta0) }),
  "mcnemar-agresti": ({ table }) => {
    const [[, firstOnly], [secondOnly]] = table;
    const { chiSquare, pValue } = mcNemar({ firstOnly, secondOnly });
    const plain = mcNemar({ firstOnly, secondOnly }, { continuity: false });
    return { chi2: chiSquare, df: 1, p: pValue, chi2_no_cc: plain.chiSquare };
  },
  "multi-6": ({ p }) => ({
    holm: holm(p),
    bonferroni: bonferroni(p),
    hochberg: hochberg(p),
    bh: benjaminiHochberg(p),
    by: benjaminiYekutieli(p),
  }),
  "multi-bh1995": ({ p, q }) => ({
    bh_rejections: benjaminiHochberg(p).filter((each) => each <= q).length,
    bky_two_stage_rejections: twoStageBenjaminiHochberg(p, q).filter(Boolean).length,
  }),
  "het-cochran-q": ({ v, y }) => {
    const effects = (y as number[]).map((estimate, i) => ({ estimate, variance: v[i] }));
    const { df, fixed, i2, pValue, q, random, tau2 } = cochranQ(effects);
    return {
      Q: q,
      df,
      p: pValue,
      I2_pct: 100 * i2,
      tau2_DL: tau2,
      mean_FE: fixed.estimate,
      se_FE: fixed.se,
      mean_DL: random.estimate,
      se_DL: random.se,
    };
  },
  "het-woolf-ucb": (input) => {
    const { df, pValue, q } = woolf(input.tables_male_female_by_dept_admitted_rejected);
    return { p: pValue, Q: q, df };
  },
  "cmh-rabbits": ({ tables }) => {
    const { chiSquare, commonOddsRatio, pValue } = mantelHaenszel(tables);
    return { chi2_cc: chiSquare, p: pValue, common_or: commonOddsRatio };
  },
  "poisson-ratio": ({ T, x }) => {
    const rates = [0, 1].map((i) => ({ events: x[i], exposure: T[i] }));
    const { high, low, pValue, ratio } = rateRatio(rates[0]!, rates[1]!, 0.95);
    return { p: pValue, ratio, ci: [low, high] };
  },
};
