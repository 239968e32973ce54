import {
  formatCount,
  formatDurationNs,
  formatRatio,
  formatRatePerSec,
  formatUs,
  NS_PER_S,
} from "../../core/index.ts";
import { figure } from "../page/figure.ts";
import { badge, icon, toneOf } from "../page/marks.ts";
import { type Markup, markup, table, terms } from "../page/markup.ts";
import { pageShell } from "../page/shell.ts";
import { capital } from "../words.ts";
import type { Saturation, SaturationArm, SaturationStep } from "./model.ts";
import { comparisonWords, criterionWords, kneeWords, uslWords } from "./words.ts";

type Status = "measured" | "hold" | "ship" | "roll-back";
const DECIDED: Readonly<Record<string, Status>> = {
  lower: "roll-back",
  "not-lower": "ship",
  "not-shown": "hold",
};
const STEP_STATUS = { holds: "pass", fails: "fail", late: "inconclusive" } as const;

function statusOf({ arms, comparison, run }: Saturation): Status {
  if (arms.length > 1) return DECIDED[comparison?.decision ?? "not-shown"] ?? "hold";
  const knee = arms[0]?.knee ?? null;
  return run.complete && knee !== null && !knee.lowerBound ? "measured" : "hold";
}

function outcomeWords({ arms, comparison }: Saturation): string {
  if (arms.length > 1) {
    const decision = comparison?.decision ?? "not-shown";
    return { lower: "Lower", "not-lower": "Not lower", "not-shown": "Not shown" }[decision];
  }
  const knee = arms[0]?.knee ?? null;
  if (knee === null) return "No knee";
  return knee.lowerBound ? "Lower bound" : "Knee found";
}

function headline(saturation: Saturation): Markup {
  const { arms, profile, run } = saturation;
  const status = statusOf(saturation);
  const reason = comparisonWords(saturation) ?? (arms[0] === undefined ? "" : kneeWords(arms[0]));
  const when = run.startedAt.slice(0, 16).replace("T", ", ");
  return markup`<header>
<p class="brand">shakedown <span class="muted">saturate</span></p>
<h1>${arms.map(({ origin }) => origin).join(" → ")}</h1>
<p class="muted">${when} UTC · ${formatDurationNs(run.durationS * NS_PER_S)} · profile ${profile.name}</p>
</header>
<section class="verdict ${toneOf(status)}" id="knee" aria-label="Knee">
<p class="word">${icon(status)}<span>${outcomeWords(saturation)}</span></p>
<p class="reason">${capital(reason)}</p>
<p class="muted">${capital(criterionWords(saturation))}.</p>
${!run.complete && markup`<div class="why"><h2>Incomplete</h2><p>${capital(run.incompleteBecause ?? "it was stopped early")}</p></div>`}
</section>`;
}

function pictures({ arms, load }: Saturation): Markup {
  const knees = arms.map((arm) => capital(`${arm.arm}: ${kneeWords(arm)}`)).join(". ");
  const repeated = arms.some(({ searches }) => searches.length > 1)
    ? " Where several runs tried one rate, the worst of them is shown."
    : "";
  return markup`<section id="curve"><h2>Response time over the offered rate</h2>${figure({
    chart: "latency",
    title: "Response time",
    says: `Each point is a step of ${load.stepS} s at one rate, judged from ${load.judgedFromS} s on. ${knees}.${repeated}`,
  })}${figure({ chart: "goodput", title: "Goodput", says: "Share of what was offered that was answered below 500 within the timeout." })}</section>`;
}

function lawRows({ arms }: Saturation): Markup {
  const some = (value: number, interval: { low: number; high: number } | null): Markup => {
    const text = (x: number): string => String(Number(x.toPrecision(3)));
    return interval === null
      ? markup`${text(value)}`
      : markup`${text(value)} <span class="muted small">${text(interval.low)} … ${text(interval.high)}</span>`;
  };
  const rows = arms.flatMap(({ arm, usl }) =>
    usl.status === "unstable"
      ? []
      : [
          [
            arm,
            some(usl.lambda, usl.intervals.lambda),
            some(usl.sigma, usl.intervals.sigma),
            some(usl.kappa, usl.intervals.kappa),
            formatRatePerSec(usl.rmsePerSec),
            formatCount(usl.points),
          ],
        ],
  );
  if (rows.length === 0) return markup``;
  return table({
    caption: "The law's parameters",
    columns: [
      { head: "Arm" },
      ...["λ, per second", "σ, contention", "κ, coherence", "Residual", "Points"].map((head) => ({
        head,
        figure: true,
      })),
    ],
    rows,
    cards: true,
  });
}

function law(saturation: Saturation): Markup {
  const says = saturation.arms.map((arm) => capital(`${arm.arm}: ${uslWords(arm)}`)).join(". ");
  return markup`<section id="law"><h2>Scalability</h2><p class="lead">The Universal Scalability Law, X(N) = λN ÷ (1 + σ(N−1) + κN(N−1)), fitted to mean requests in flight and answers per second of each step.</p>${figure({ chart: "usl", title: "Throughput over concurrency", says: `${says}.` })}${lawRows(saturation)}</section>`;
}

function stepRow(step: SaturationStep): readonly (string | Markup)[] {
  const { dropped, errors, planned, responses } = step.ledger;
  return [
    step.run === 0 ? `${step.arm}, light` : `${step.arm} ${step.run}.${step.step}`,
    formatRatePerSec(step.ratePerSec),
    markup`${badge(STEP_STATUS[step.outcome], step.outcome)}${step.why !== null && markup`<div class="muted small">${step.why}</div>`}`,
    formatRatio(step.goodputRatio),
    formatUs(step.p50Us),
    formatUs(step.p99Us),
    formatRatePerSec(step.throughputPerSec),
    String(Number(step.concurrency.toPrecision(3))),
    `${formatCount(planned)} = ${formatCount(responses)} + ${formatCount(errors)} + ${formatCount(dropped)}`,
  ];
}

function steps(saturation: Saturation): Markup {
  const figures = ["Goodput", "p50", "p99", "Throughput", "In flight"];
  return markup`<section id="steps"><h2>Every step</h2><p class="lead">In the order of time. Planned = responses + errors + dropped, exactly.</p>${table(
    {
      caption: "Every step",
      columns: [
        { head: "Step" },
        { head: "Offered", figure: true },
        { head: "Outcome" },
        ...figures.map((head) => ({ head, figure: true })),
        { head: "Ledger" },
      ],
      rows: saturation.steps.map(stepRow),
      cards: true,
    },
  )}</section>`;
}

function again({ arms, load, run, tool, warnings }: Saturation): Markup {
  const ceilings = arms.map(({ arm, ceiling }) => {
    const levels = ceiling.levels.map(
      (one) => `${one.connections}: ${formatRatePerSec(one.ratePerSec)}`,
    );
    return `${arm} ${levels.join(", ")}`;
  });
  const notes =
    warnings.length > 0 &&
    markup`<h3>Warnings</h3><ul class="notes">${warnings.map((text) => markup`<li>${text}</li>`)}</ul>`;
  return markup`<section id="again"><h2>Do it again</h2><pre tabindex="0" aria-label="Command"><code>${run.command}</code></pre>${terms(
    [
      ["Run", markup`<code>${run.id}</code>`],
      ["Seed", markup`<code>${run.seed}</code>`],
      ["Arrivals", load.arrivals],
      ["Precision", formatRatio(load.precision)],
      ["Requests in flight", `up to ${formatCount(load.inFlightMax)}`],
      ["Closed loop, by connections", ceilings.join("; ")],
      ["Version", `${tool.name} ${tool.version}`],
      ["Host", `Node.js ${run.host.node}, ${run.host.os}, ${run.host.cpus} CPUs`],
    ],
  )}${notes}</section>`;
}

/** Of several steps at one rate, what was worst; a late step shows the generator, not the target. */
function pointsOf(own: readonly SaturationStep[]) {
  const byRate = Map.groupBy(own, ({ ratePerSec }) => ratePerSec);
  return [...byRate].map(([ratePerSec, same]) => ({
    ratePerSec,
    p50Ms: Math.max(...same.map(({ p50Us }) => p50Us)) / 1_000,
    p99Ms: Math.max(...same.map(({ p99Us }) => p99Us)) / 1_000,
    goodPercent: Math.min(...same.map(({ goodputRatio }) => goodputRatio)) * 100,
  }));
}

const CURVE_POINTS = 60;

/** Evenly spaced on the logarithmic axis, over what was measured. */
function curveAt(concurrencies: readonly number[]): number[] {
  const [from, to] = [Math.min(...concurrencies), Math.max(...concurrencies)];
  if (!(to > from)) return [];
  return Array.from(
    { length: CURVE_POINTS + 1 },
    (_, i) => from * (to / from) ** (i / CURVE_POINTS),
  );
}

function chartArm(arm: SaturationArm, all: readonly SaturationStep[], label: string) {
  const own = all.filter((step) => step.arm === arm.arm && step.outcome !== "late");
  const { knee, usl } = arm;
  return {
    label,
    kneePerSec: knee?.ratePerSec ?? null,
    points: pointsOf(own),
    measured: own
      .filter(({ concurrency, throughputPerSec }) => concurrency > 0 && throughputPerSec > 0)
      .map(({ concurrency, throughputPerSec }) => [concurrency, throughputPerSec]),
    law:
      usl.status === "fitted" ? { lambda: usl.lambda, sigma: usl.sigma, kappa: usl.kappa } : null,
  };
}

/** `saturate.html`: one file, offline, with the curves and every step. */
export function renderSaturationHtml(saturation: Saturation): string {
  const { arms, p99Limit, tool } = saturation;
  const drawn = arms.map((arm) => chartArm(arm, saturation.steps, arm.arm));
  const concurrencies = drawn.flatMap(({ measured }) => measured.map(([n]) => n!));
  const data = {
    arms: drawn,
    limitMs: p99Limit === null ? null : p99Limit.us / 1_000,
    curveAt: curveAt(concurrencies),
  };
  const [first] = arms;
  const title = comparisonWords(saturation) ?? (first === undefined ? "no knee" : kneeWords(first));
  return pageShell({
    title: `${capital(title)} · shakedown`,
    tool,
    scripts: ["saturation-kinds.js"],
    data,
    skipTo: "curve",
    main: [
      headline(saturation),
      pictures(saturation),
      law(saturation),
      steps(saturation),
      again(saturation),
    ],
  }).html;
}
