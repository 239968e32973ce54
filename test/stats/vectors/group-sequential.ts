import {
  groupDesign,
  normalCdf,
  type Schedule,
  type Spending,
  spendingBoundaries,
  spentAlpha,
  wangTsiatisBoundaries,
} from "../../../src/stats/index.ts";
import type { Runners, VectorInput } from "./runner.ts";

const OBF: Spending = { kind: "obrien-fleming" };
const POCOCK: Spending = { kind: "pocock" };
const even = (looks: number) => Array.from({ length: looks }, (_, i) => (i + 1) / looks);

const spend = (spending: Spending) => (input: VectorInput) => {
  const twoSided = input.alpha_two_sided !== undefined;
  const alpha = input.alpha_two_sided ?? input.alpha_one_sided;
  const z = spendingBoundaries({ fractions: input.t, alpha, sides: twoSided ? 2 : 1, spending });
  const spent = input.t.map((t: number) => spentAlpha(spending, alpha, t));
  const nominal = z.map((bound) => normalCdf(-bound));
  return { z, cum_alpha: spent, cumulative_alpha: spent, nominal_p: nominal };
};

const HSD: Spending = { kind: "hwang-shih-decani", gamma: -4 };

const sized = (schedule: Schedule, upper: readonly number[], power: number) => {
  const design = groupDesign({ ...schedule, upper, power });
  const percent = (ratio: number) => 100 * design.expectedAt(ratio);
  return {
    max_n_pct_of_fixed: 100 * design.inflation,
    max_n_ratio: design.inflation,
    expected_n_pct_H0: percent(0),
    "expected_n_pct_at_theta_0_.5_1_1.5_delta": [0, 0.5, 1, 1.5].map(percent),
  };
};

const powerSpending = (rho: number) => (input: VectorInput) => {
  const schedule: Schedule = { fractions: even(input.K), alpha: input.alpha_two_sided, sides: 2 };
  const upper = spendingBoundaries({ ...schedule, spending: { kind: "power", rho } });
  return sized(schedule, upper, input.power);
};

const classical = (delta: number) => (input: VectorInput) => {
  const alpha = input.alpha_two_sided ?? 2 * input.alpha_one_sided;
  const schedule: Schedule = { fractions: even(input.K), alpha, sides: 2 };
  const z = wangTsiatisBoundaries({ ...schedule, delta });
  return { z, final_z: z.at(-1), ...sized(schedule, z, input.power ?? 0.8) };
};

export const groupSequential: Runners = {
  "gs-power-rho2-k10": powerSpending(2),
  "gs-power-rho1-k3": powerSpending(1),
  "gs-ldpocock-k3": spend(POCOCK),
  "gs-ldpocock-k5": spend(POCOCK),
  "gs-ldof-k2": spend(OBF),
  "gs-ldof-k3": spend(OBF),
  "gs-ldof-seqbounds": spend(OBF),
  "gs-hsd-4-k5-onesided": (input) => {
    const found = spend(HSD)(input);
    return { ...found, nominal_p_one_sided: found.nominal_p };
  },
  "gs-hsd-4-k5-power": ({ alpha_one_sided: alpha, power, t: fractions }) => {
    const schedule: Schedule = { fractions, alpha, sides: 1 };
    const upper = spendingBoundaries({ ...schedule, spending: HSD });
    const design = groupDesign({ ...schedule, upper, power });
    return {
      cross_prob_H1: design.crossingAt(1).upper,
      E_N_ratio_H0: design.expectedAt(0),
      E_N_ratio_H1: design.expectedAt(1),
      max_n_ratio: design.inflation,
      drift_theta: design.fixedDrift,
    };
  },
  "gs-ld-k6-to-10": ({ alpha_two_sided }) =>
    Object.fromEntries(
      [6, 7, 8, 9, 10].map((looks) => {
        const input = { t: even(looks), alpha_two_sided };
        return [looks, { LDOF: spend(OBF)(input).z, LDPocock: spend(POCOCK)(input).z }];
      }),
    ),
  "gs-ld-onesided-.05": (input) => ({
    LDOF: spend(OBF)(input).z,
    LDPocock: spend(POCOCK)(input).z,
  }),
  "gs-pocock-k4-inflation": classical(0.5),
  "gs-wt-delta.1-k9": classical(0.1),
  "gs-obf-k20-inflation": classical(0),
  "gs-obf-k4": classical(0),
  "gs-pocock-constants": ({ K, alpha_two_sided }) => ({
    C_P: K.map((looks: number) => classical(0.5)({ K: looks, alpha_two_sided }).final_z),
  }),
};
