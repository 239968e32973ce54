import type { RuleStop } from "../experiment/index.ts";

/** For people: how a run ended that a rule of its own has stopped, before why. */
export const STOPPED_BY: Readonly<Record<RuleStop["rule"], string>> = {
  harm: "stopped early, harm",
  gate: "stopped early, gate",
  futility: "stopped early, futility",
  gone: "stopped early",
  throttle: "stopped early, throttle",
  "sample-ratio": "stopped early, sample ratio",
  person: "stopped early",
};
