import { formatRatio } from "../core/index.ts";
import {
  beganIn,
  besideControl,
  besideWords,
  type More,
  moreOrLonger,
  shareBeside,
  timeBeside,
} from "./beside.ts";
import type { Detector, Evidence, Finding, Size } from "./detector.ts";
import { about, aboutArm } from "./pairs.ts";
import { type Protocol, protocolsOf, readRecovery, type Recovery } from "./probed/index.ts";

/*
 * A failure that outlives its trigger: a probe is followed by the load of before, and the arm does not
 * come back, because something that the trigger began (retries, a cold cache, a queue) keeps itself
 * going. Recovery is told by the published rule (probed/recovery.ts). Source: Bronson et al., HotOS
 * 2021; Huang et al., OSDI 2022.
 */
const RULE = {
  /** Less than this after a trigger shows nothing, in seconds. */
  watchedS: 8,
} as const;

const CURE =
  "what feeds on the failure has to be bounded: a retry budget, a queue that drops what is too old, " +
  "work that ends when its caller gives up";

function sizeOf({ sustaining }: Recovery): Size | null {
  const [first] = sustaining;
  if (first === undefined) return null;
  if (first.before <= 0) return null;
  const value = first.after / first.before;
  return { what: `${first.what} to ${first.dependency}`, value, unit: "times as many as before" };
}

const overWords = ({ dependency, trigger }: Recovery): string =>
  dependency === null ? `after caches were emptied (${trigger})` : `after ${trigger} is over`;

function stuckWords(own: Recovery): string {
  const sustained = own.sustaining
    .map(
      ({ after, before, dependency, what }) =>
        `${what} to ${dependency} stand at ${after.toFixed(1)} (${before.toFixed(1)} before)`,
    )
    .join(", ");
  const kept = sustained === "" ? "nothing that the emulator sees is elevated" : sustained;
  return (
    `${overWords(own)}, the same load is not served as before for ${own.watchedS.toFixed(0)} s: ` +
    `${formatRatio(own.goodRatio)} of requests are as quick as before (${formatRatio(own.usualGoodRatio)} then); ${kept}`
  );
}

function wellWords(own: Recovery): string {
  const within = `${own.recoveredAfterS?.toFixed(1)} s`;
  return own.dependency === null
    ? `recovers within ${within} of emptied caches (${own.trigger})`
    : `recovers from ${own.trigger} within ${within} of its end`;
}

function evidenceOf(own: Recovery, control: Recovery | null): Finding["evidence"] {
  return {
    trigger: own.trigger,
    recovered: own.recovered,
    recoveredAfterS: own.recoveredAfterS,
    watchedS: own.watchedS,
    ruleScale: own.scale,
    quickRatio: own.goodRatio,
    usualQuickRatio: own.usualGoodRatio,
    sustainedBy: own.sustaining[0]?.what ?? null,
    controlRecovered: control?.recovered ?? null,
  };
}

/** A queue that drains, and a cache that fills, come back by themselves; and what nothing sustains. */
const comesBackLate = ({ draining, filling, recovered, sustaining }: Recovery): boolean =>
  !recovered && (draining || filling || sustaining.length === 0);

/** Requests that are not as quick as before, beside control's, in the last third of what was watched. */
function slowBeside(
  evidence: Evidence,
  arm: number,
  { after, trigger }: Protocol,
  slowOnes: Readonly<Record<"own" | "control", Recovery["slowOnes"]>>,
): More {
  const third = {
    ...trigger,
    fromNs: after.toNs - (after.toNs - after.fromNs) / 3,
    toNs: after.toNs,
  };
  const share = shareBeside("requests that are not as quick as before", slowOnes, third);
  return moreOrLonger(share, () => timeBeside(evidence, arm, third));
}

function judge(evidence: Evidence, arm: number, protocol: Protocol): Finding | null {
  const own = readRecovery(evidence, arm, protocol);
  if (own === null) return null;
  const control = readRecovery(evidence, 0, protocol);
  // Caches are emptied whatever they stand before: what is called too often is known by its calls.
  const named = own.dependency ?? own.sustaining[0]?.dependency;
  const dependency = evidence.dependencies.findIndex(({ name }) => name === named);
  const known = {
    detector: "metastable",
    ...(dependency < 0 ? aboutArm(evidence, arm) : about(evidence, arm, dependency)),
    evidence: evidenceOf(own, control),
  };
  if (own.watchedS < RULE.watchedS) {
    const summary = `${own.watchedS.toFixed(1)} s after ${own.trigger} are too few to tell whether it recovers; watch for ${RULE.watchedS} s or more, 60 s for the published rule`;
    const what = `seconds after ${own.trigger}`;
    const needs = { what, have: own.watchedS, need: RULE.watchedS };
    return { ...known, status: "inconclusive", needs, summary };
  }
  if (own.draining) {
    const summary = `${stuckWords(own)}, and fewer all the time: a queue that still drains; watch for longer`;
    return { ...known, status: "inconclusive", summary };
  }
  if (own.filling) {
    const summary = `${stuckWords(own)}: a cache that still fills; watch for longer`;
    return { ...known, status: "inconclusive", summary };
  }
  if (!own.recovered && own.sustaining.length === 0) {
    const summary = `${stuckWords(own)}: what is slow is something else, and no failure that sustains itself`;
    return { ...known, status: "inconclusive", summary };
  }
  const slower =
    control === null
      ? null
      : slowBeside(evidence, arm, protocol, { own: own.slowOnes, control: control.slowOnes });
  const isStuckToo = control !== null && !control.recovered && !comesBackLate(control);
  if (!own.recovered && control !== null && !isStuckToo && slower?.shown !== true) {
    const back = control.recovered ? "hardly better" : "not back either, and no better";
    const summary = `${stuckWords(own)}; control is ${back} (${formatRatio(control.goodRatio)}); watch for longer, or send more`;
    return { ...known, status: "inconclusive", summary };
  }
  const beside = besideControl({
    sick: !own.recovered,
    controlSick: isStuckToo,
    controlWorks: control !== null,
    more: false,
  });
  if (own.recovered) return { ...known, ...beside, summary: wellWords(own) };
  const by = own.sustaining[0]?.what;
  return {
    ...known,
    ...beside,
    effect: slower?.effect ?? null,
    cause: `metastable failure after ${own.trigger}${by === undefined ? "" : ` (${by})`}`,
    summary: `${stuckWords(own)}${besideWords(beside)}`,
    cure: CURE,
    began: beganIn(protocol.trigger),
    size: sizeOf(own),
  };
}

/** Names an arm that does not recover once a trigger is gone, and what keeps it down. */
export const metastable: Detector = {
  name: "metastable",
  detect(evidence) {
    const arms = evidence.arms.slice(1).map((_, i) => i + 1);
    return arms.flatMap((arm) =>
      protocolsOf(evidence)
        .filter(({ after }) => after.judged)
        .map((protocol) => judge(evidence, arm, protocol))
        .filter((finding) => finding !== null),
    );
  },
};
