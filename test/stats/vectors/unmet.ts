export interface Unmet {
  /** The fields that cannot be met; all others are. */
  readonly fields: readonly string[];
  readonly because: string;
}

/** Vectors that right code does not meet within their tolerance, and why; by id. */
export const unmet: Readonly<Record<string, Unmet>> = {
  "cs-selfnorm-paired-blocks": {
    fields: ["ci_component_containing_mean[0]"],
    because:
      "the lower end was read off a grid of 1/8000, the upper one solved for: the set is symmetric about the mean",
  },
  "kayenta-unit-dependence": {
    fields: ["ms_or_us_High", "seconds_High"],
    because:
      "counts of 60 random pairs whose random numbers were not published, at a tolerance of 0",
  },
};
