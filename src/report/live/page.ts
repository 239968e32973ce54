import { formatRatePerSec } from "../../core/index.ts";
import { figure } from "../page/figure.ts";
import { type Markup, markup, table } from "../page/markup.ts";
import { pageShell } from "../page/shell.ts";
import { armName } from "../page/tables.ts";
import { formatEffect, metricWords, NOTHING, plainText } from "../words.ts";
import type { LiveBegins } from "./model.ts";
import { livePageData } from "./page-data.ts";

/** A text that the page's script fills and keeps up to date. */
const slot = (name: string): Markup => markup`<span data-slot="${name}">${NOTHING}</span>`;

const figureColumn = (head: string) => ({ head, figure: true });

/** What happens, in a word and a sentence; a verdict in the end. */
function status(begins: LiveBegins | null): Markup {
  return markup`<header>
<p class="brand">shakedown <span class="muted">live</span></p>
<h1>${begins?.scenario ?? "A run that is about to begin"}</h1>
<p class="muted">${begins === null ? "its plan is not registered yet" : begins.claim === "" ? "one arm, measured" : begins.claim}</p>
</header>
<section class="verdict going" id="status" aria-label="Status">
<p class="word" role="status"><svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false" hidden data-icon><use href="#i-question"/></svg><span data-slot="state">Starting</span></p>
<p class="reason" data-slot="reason">waiting for the run</p>
<p class="muted small" data-slot="connection">connecting</p>
</section>`;
}

function stages({ stages: rows }: LiveBegins): Markup {
  const items = rows.map(
    ({ endS, judgedFromS, name, ratePerSec, startS }, index) =>
      markup`<li data-stage="${index}"><span class="stage-name">${plainText(name, 60)}</span><progress max="1" value="0" aria-label="progress of stage ${plainText(name, 60)}"></progress><span class="muted small">${formatRatePerSec(ratePerSec)}, ${Math.round((endS - startS) * 10) / 10} s${judgedFromS === null && ", not judged"}</span> ${slot(`stage:${index}`)}</li>`,
  );
  return markup`<section id="stages"><h2>Stages</h2><ol class="stages">${items}</ol></section>`;
}

const scaleOf = ({ kind, unit }: LiveBegins["metrics"][number]) => ({
  unit,
  effect: { kind, estimate: 0, low: 0, high: 0, confidence: 0 },
});

function effects(begins: LiveBegins): Markup | false {
  const { arms, metrics } = begins;
  if (metrics.length === 0 || arms.length < 2) return false;
  const rows = metrics.flatMap((metric, index) =>
    arms
      .slice(1)
      .map((arm, at) => [
        plainText(metricWords(metric.metric), 60),
        armName(arm, at + 1),
        ...["harm", "band"].map((what) => slot(`${what}:${index}:${at + 1}`)),
        formatEffect(scaleOf(metric), metric.margin),
        ...["blocks", "evidence"].map((what) => slot(`${what}:${index}:${at + 1}`)),
      ]),
  );
  const pictures = metrics.map(({ metric }, index) =>
    figure({
      chart: `lift:${index}`,
      title: `${plainText(metricWords(metric), 60)}: harm so far`,
      says:
        "Over all blocks of its stage so far, above zero for worse. The band may be looked at as often " +
        "as one likes; the dashed line is the margin, and the shaded side is harm beyond it. The table " +
        "above has the numbers.",
    }),
  );
  return markup`<section id="effect"><h2>Effect so far</h2><p class="lead">Watching decides nothing: the run ends by its own rules, whose evidence is the last column, or in its verdict.</p>
${table({
  caption: "Effect so far",
  cards: true,
  columns: [
    { head: "Metric" },
    { head: "Variant" },
    figureColumn("Harm"),
    figureColumn("Band"),
    figureColumn("Margin"),
    figureColumn("Blocks"),
    figureColumn("Evidence of harm"),
  ],
  rows,
})}
${pictures[0] ?? false}<div class="pair">${pictures.slice(1)}</div></section>`;
}

function traffic({ arms }: LiveBegins): Markup {
  const of = ["ended", "answered", "p50", "p99", "errors", "failed", "dropped"];
  return markup`<section id="traffic"><h2>Traffic</h2>
${table({
  caption: "Traffic",
  cards: true,
  columns: [
    { head: "Arm" },
    ...["Ended", "Answered", "p50", "p99", "Error ratio", "Failed in all", "Dropped in all"].map(
      figureColumn,
    ),
  ],
  rows: arms.map((arm, index) => [
    armName(arm, index),
    ...of.map((what) => slot(`${what}:${index}`)),
  ]),
})}
${figure({
  chart: "rate",
  title: "Requests per second",
  says:
    "Offered by the plan, and answered and failed of each arm, by when they ended. The table above " +
    "has the last numbers.",
})}
<div class="pair">${figure({
    chart: "latency",
    title: "Response time",
    says: "p99 and p50 of each arm, of what ended in a second. The table above has the last numbers.",
  })}${figure({
    chart: "errors",
    title: "Error ratio",
    says:
      "Requests without an answer, or answered with 500 and above, of those that ended. The table " +
      "above has the last numbers.",
  })}</div></section>`;
}

function dependencies({ arms, dependencies: names }: LiveBegins): Markup | false {
  if (names.length === 0) return false;
  const of = ["calls", "in-flight", "per-request", "unwell"];
  const rows = names.flatMap((name, index) =>
    arms.map((arm, at) => [
      plainText(name, 60),
      armName(arm, at),
      ...of.map((what) => slot(`${what}:${index}:${at}`)),
    ]),
  );
  const pictures = names.map((name, index) => {
    const title = plainText(name, 60);
    const pictureOf = (chart: string, what: string, says: string) =>
      figure({ chart: `${chart}:${index}`, title: `${title}: ${what}`, says });
    return markup`<div class="pair">${pictureOf("in-flight-now", "calls in flight", "At the end of each second. The table above has the last numbers.")}${pictureOf("per-request", "calls per request", "Amplification: calls for each request that was started. The table above has the last numbers.")}</div>`;
  });
  return markup`<section id="dependencies"><h2>Dependencies</h2>
${table({
  caption: "Dependencies",
  cards: true,
  columns: [
    { head: "Dependency" },
    { head: "Arm" },
    ...["Calls", "In flight", "Per request", "Not answered well, in all"].map(figureColumn),
  ],
  rows,
})}
${pictures}</section>`;
}

function instrument({ arms, dependencies: names }: LiveBegins): Markup {
  const lagSays =
    "p99 of how late each arm’s starts were, by the generator’s own fault. The table above has the last numbers.";
  const lateSays =
    "Share of timed answers that the emulator gave late, to any arm. The table above has the last numbers.";
  const late = names.length > 0;
  return markup`<section id="instrument"><h2>Instrument</h2><p class="lead">How far shakedown itself can be believed on this host.</p>
${table({
  caption: "Instrument",
  cards: true,
  columns: [{ head: "Of" }, figureColumn("Now"), figureColumn("Worst")],
  rows: [
    ...arms.map((arm, index) => [
      markup`Start lag p99, ${armName(arm, index)}`,
      slot(`lag:${index}`),
      slot(`lag-worst:${index}`),
    ]),
    ...names.map((name, index) => [
      `Late answers of ${plainText(name, 60)}`,
      slot(`late:${index}`),
      slot(`late-all:${index}`),
    ]),
  ],
})}
<div class="pair">${figure({ chart: "lag", title: "Start lag", says: lagSays })}${late && figure({ chart: "late", title: "Late answers of the emulator", says: lateSays })}</div></section>`;
}

const ASKS = [
  [
    "pause",
    "Pause the ramp",
    "No more is sent than now, to all arms alike, while the plan’s time goes on: what comes later in " +
      "the plan is thinned to this rate. Such a run may still roll back, and never ships.",
  ],
  [
    "go-on",
    "Let it go on",
    "What is planned is sent again, from now on; what was left out is not sent later.",
  ],
  [
    "stop-after-stage",
    "Stop after this stage",
    "Ends the run when this stage does. Stages after it are not sent, the plan is not done, and the " +
      "verdict is a hold that says who stopped it.",
  ],
  [
    "stop",
    "Stop now",
    "Ends the run at once, as Ctrl-C does: what was measured is kept, and the verdict is a hold, for " +
      "an incomplete run.",
  ],
  [
    "roll-back",
    "Roll back",
    "Ends the run at once, does what the scenario does on a roll-back, and the verdict says that you " +
      "have decided it, and not a rule of the plan. Needs a reason, which goes on record.",
  ],
] as const;

function steer(): Markup {
  const buttons = ASKS.map(
    ([ask, label, says]) =>
      markup`<li><button type="button" class="ask ${ask}" data-ask="${ask}" aria-describedby="ask-${ask}" disabled>${label}</button><span id="ask-${ask}" class="muted small">${says}</span></li>`,
  );
  return markup`<section id="steer"><h2>Steer</h2><form>
<p><label for="ask-reason">Reason</label><input id="ask-reason" name="reason" maxlength="500" autocomplete="off"></p>
<p><label for="ask-by">Your name</label><input id="ask-by" name="by" maxlength="80" autocomplete="name"></p>
<ul class="plain">${buttons}</ul>
<p role="status" data-slot="asked"></p>
</form>
<dialog aria-labelledby="ask-title"><p id="ask-title" data-slot="ask-title">Sure?</p><p><button type="button" class="ask" data-sure="no">No, go on</button> <button type="button" class="ask roll-back" data-sure="yes">Yes, do it</button></p></dialog></section>`;
}

const events = markup`<section id="events"><h2>Events</h2><ol class="events" reversed aria-label="Events, the latest first"></ol></section>`;

/**
 * The page that shows a run while it goes on, drawn by what `events`, beside it, tells. Before the plan
 * is there it says so and is loaded again once it is.
 */
export function renderLivePage(
  begins: LiveBegins | null,
  tool: { readonly name: string; readonly version: string },
): string {
  const parts =
    begins === null
      ? []
      : [
          stages(begins),
          effects(begins),
          traffic(begins),
          dependencies(begins),
          instrument(begins),
        ].filter((part) => part !== false);
  return pageShell({
    title: `${begins?.scenario ?? "A run"} · shakedown live`,
    tool,
    scripts: ["kinds.js", "live-kinds.js"],
    served: {
      styles: ["live.css"],
      scripts: ["live-words.js", "live-state.js", "live.js"],
    },
    data: livePageData(begins),
    skipTo: begins === null ? "status" : "stages",
    main: [status(begins), ...parts.slice(0, 1), steer(), ...parts.slice(1), events],
  }).html;
}
