import { type KayentaOptions, KAYENTA_DEFAULTS, kayentaShift, kayentaVerdict } from "../kayenta.ts";
import { decisionOnSeries } from "./judge.ts";
import type { Runners, VectorInput } from "./runner.ts";
import { unitDependence } from "./unit-dependence.ts";

const verdictOf = ({ classifier, control, direction, experiment }: VectorInput) =>
  kayentaVerdict(experiment, control, classifier, direction);

/** The options that its issue names; the rest as Kayenta has it. */
const ISSUE_6278: KayentaOptions = {
  ...KAYENTA_DEFAULTS,
  effectSizeThresholds: [1, 1.05],
  criticalThresholds: [1, 1.1],
};

/** Who filed these wanted the release stopped, by whatever word: anything but `ship` does. */
const stopped = ({ control, experiment }: VectorInput, word: string): string =>
  decisionOnSeries(experiment, control) === "ship" ? "Pass" : word;

const classified = [
  "classifier-directional-test-decrease",
  "classifier-directional-test-high-metric",
  "classifier-directional-test-low-metric",
  "classifier-test-cles-effect-size-high",
  "classifier-test-cles-effect-size-low",
  "classifier-test-cles-effect-size-pass",
  "classifier-test-critical-effect-size-critical-high",
  "classifier-test-critical-effect-size-critical-low",
  "classifier-test-high-metric",
  "classifier-test-high-metric-large-input",
  "classifier-test-low-metric",
  "classifier-test-mean-ratio-effect-size-high",
  "classifier-test-mean-ratio-effect-size-low",
  "missing-experiment-data",
  "missing-experiment-data-with-nan-replacement",
  "tied-observations",
  "tied-ranks",
  "zero-mean-critical-metric",
  "zero-mean-high-metric-with-effect-size",
  "zero-mean-low-metric-with-effect-size",
];

export const kayenta: Runners = {
  ...Object.fromEntries(classified.map((name) => [`kayenta-mann-whitney-${name}`, verdictOf])),
  "kayenta-issue-6278": (input) => {
    const { control, experiment } = input;
    const { estimate, high, low } = kayentaShift(experiment, control, ISSUE_6278.confLevel);
    const bound = ISSUE_6278.tolerance * Math.abs(estimate);
    return {
      kayenta: kayentaVerdict(experiment, control, ISSUE_6278).classification,
      ci: [low, high],
      estimate,
      bounds: [-bound, bound],
      wanted_by_user: stopped(input, "High"),
    };
  },
  "kayenta-issue-780-variability": (input) => ({
    kayenta: kayentaVerdict(input.experiment, input.control, KAYENTA_DEFAULTS).classification,
    wanted_by_user: stopped(input, "Fail"),
  }),
  "kayenta-unit-dependence": unitDependence,
};
