import { cusumArl, eDivisive, welch } from "../../../src/stats/index.ts";
import type { Runners } from "./runner.ts";

export const change: Runners = {
  "cusum-arl": ({ h, k, shift_sigma }) => {
    const at = (interval: number) =>
      (shift_sigma as number[]).map((shift) => cusumArl({ k, h: interval, shift, sides: 1 }));
    return { arl_h4: at(h[0]), arl_h5: at(h[1]) };
  },
  "ediv-single": ({ max_p, series }) => {
    const found = eDivisive(series, { significance: max_p, seed: "ediv-single" });
    return { change_points: found.map(({ index }) => index) };
  },
  "otava-ttest-shift": ({ index, series }) => {
    const { pValue } = welch(series.slice(0, index), series.slice(index));
    return { p_below: pValue < 0.001 ? 0.001 : pValue, "significant_at_.001": pValue < 0.001 };
  },
};
