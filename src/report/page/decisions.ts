import { type StageDecision, stageDecisions, stopSentence } from "../look-words.ts";
import type { ReportModel } from "../model.ts";
import { badge } from "./marks.ts";
import { type Markup, markup, table } from "./markup.ts";

const BADGES = { "go-on": "pass", hold: "hold", "roll-back": "roll-back" } as const;

function decisionCell({ because, decision, words }: StageDecision): Markup {
  if (decision === "verdict") return markup`<span class="muted">${words}</span>`;
  const mark = decision === "stopped" ? "fail" : BADGES[decision];
  return markup`${badge(mark, words)}${because !== "" && markup`<br><span class="muted small">${because}</span>`}`;
}

/** What gates and looks decided before the verdict; nothing where there were no gates and no stop. */
export function decisions({ result }: ReportModel): Markup | false {
  const stages = stageDecisions(result);
  if (stages.length === 0) return false;
  const stop = stopSentence(result);
  const grid = table({
    caption: "What was decided after each stage",
    cards: true,
    columns: [
      { head: "Stage", class: "stage" },
      { head: "Decision", class: "status" },
      { head: "Nearest to harm" },
      { head: "e-value / boundary", figure: true },
    ],
    rows: stages.map((each) => [each.stage, decisionCell(each), each.nearest, each.evidence]),
  });
  return markup`<section id="decisions"><h2>Decided while it ran</h2>${stop !== null && markup`<p>${stop}</p>`}<p class="lead">A gate decides after each stage but the last. Harm is looked for at every block: its e-value grows with the evidence, and harm of at least the margin is shown once it reaches its boundary.</p>
${grid}</section>`;
}
