/** What targets tell of themselves, beside what detectors found: one file for each detector's. */
import { formatCount } from "../../core/index.ts";
import type { Evidence, Finding } from "../detector.ts";
import { type Confirmer, NOTHING_TOLD, type Place, type Told } from "./model.ts";
import { pool, poolTimeouts } from "./pool.ts";
import { retries } from "./retries.ts";
import { saturation } from "./saturation.ts";
import { isOfItsRequest } from "./spans.ts";

/** By detector. Findings of others are seen from outside only. */
const CONFIRMERS: Readonly<Record<string, Confirmer>> = {
  "pool-exhaustion": pool,
  "acquire-timeout": poolTimeouts,
  "retry-storm": retries,
  saturation,
};

/** Spans of traces of this run that are of no request: a share, and a number, worth a finding. */
const LYING = { ratio: 0.05, spans: 20 } as const;

const WORDS: Readonly<Record<Told["confirmation"], string>> = {
  inside: "confirmed from inside",
  "outside-only": "seen from outside only",
  contradicted: "contradicted from inside",
};

function placeOf(evidence: Evidence, finding: Finding): Place | null {
  const [armName = "", dependency = null] = [
    finding.arm ?? finding.subject.split(" ")[0],
    finding.dependency ?? finding.subject.split(" ")[1],
  ];
  const arm = evidence.arms.indexOf(armName);
  if (arm < 0) return null;
  const named = finding.began?.stage ?? finding.evidence["stage"];
  const stage = evidence.stages.find(({ name }) => name === named);
  const judged = evidence.stages.filter((each) => each.judged);
  const fromNs = stage?.fromNs ?? judged[0]?.fromNs ?? 0;
  return { arm, dependency, fromNs, toNs: stage?.toNs ?? judged.at(-1)?.toNs ?? Infinity };
}

function withTold(finding: Finding, { confirmation, refutes, says }: Told): Finding {
  const words = says === "" ? WORDS[confirmation] : `${WORDS[confirmation]}: ${says}`;
  return {
    ...finding,
    ...(refutes === true && finding.status === "fail" ? { status: "inconclusive" as const } : {}),
    confirmation,
    summary: `${finding.summary}; ${words}`,
    evidence: { ...finding.evidence, ...(says === "" ? {} : { insideSays: says }) },
  };
}

/** Two who say different things of one matter: somebody is wrong, and it is not known who. */
const disagreement = (finding: Finding, says: string): Finding => ({
  detector: "inside-outside",
  subject: finding.subject,
  status: "inconclusive",
  ...(finding.arm === undefined ? {} : { arm: finding.arm }),
  ...(finding.dependency === undefined ? {} : { dependency: finding.dependency }),
  summary:
    `seen from outside: ${finding.cause ?? finding.detector}; ` +
    `the target tells of itself: ${says}`,
  cure: "look at both: what is measured inside may be another pool, or a layer above the one that acts",
  evidence: { detector: finding.detector, insideSays: says },
});

/** Spans that carry this run's trace ids, and cannot be of the requests that these name. */
function lies(evidence: Evidence): Finding[] {
  return evidence.arms.flatMap((arm, index): Finding[] => {
    const joined = (evidence.inside?.spans(index) ?? []).filter(({ seq }) => seq >= 0);
    const lying = joined.filter((span) => !isOfItsRequest(evidence, span)).length;
    if (lying < LYING.spans || lying < LYING.ratio * joined.length) return [];
    return [
      {
        detector: "inside-outside",
        subject: arm,
        status: "inconclusive",
        arm,
        dependency: null,
        summary:
          `${formatCount(lying)} of ${formatCount(joined.length)} spans of ${arm} carry trace ids of ` +
          "requests that it never got, or not at that time: they are left out",
        cure: "pass on the traceparent of the request that is being served, and of no other",
        evidence: { spans: joined.length, lying },
      },
    ];
  });
}

/** What a target tells, in whatever way, must not cost the findings. */
function asked(confirmer: () => Told): Told {
  try {
    return confirmer();
  } catch {
    return NOTHING_TOLD;
  }
}

/**
 * Says of every sickness whether what the target tells of itself, and what its processes use, confirms
 * it; where the two disagree, that is a finding besides. A target that tells nothing, or that nobody
 * asked, is seen from outside only.
 */
export function confirmed(evidence: Evidence, findings: readonly Finding[]): Finding[] {
  const told = findings.flatMap((finding): Finding[] => {
    if (finding.status !== "fail" && finding.status !== "shared") return [finding];
    const place = placeOf(evidence, finding);
    const confirmer = CONFIRMERS[finding.detector];
    const found =
      place === null || confirmer === undefined
        ? NOTHING_TOLD
        : asked(() => confirmer(evidence, finding, place));
    const more = found.confirmation === "contradicted" ? [disagreement(finding, found.says)] : [];
    return [withTold(finding, found), ...more];
  });
  return [...told, ...lies(evidence)];
}
