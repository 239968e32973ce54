import type { ReportFormat, ReportModel } from "./model.ts";
import { assignment } from "./page/assignment.ts";
import { chartData } from "./page/chart-data.ts";
import { instruments, reproduce } from "./page/closing.ts";
import { comparisons, findings, hypothesis } from "./page/evidence.ts";
import { factors } from "./page/factors.ts";
import { decisions } from "./page/decisions.ts";
import { contents, headline } from "./page/headline.ts";
import { type Markup, markup } from "./page/markup.ts";
import { parts, runs } from "./page/parts.ts";
import { resilience } from "./page/resilience.ts";
import { responses } from "./page/responses.ts";
import { dependencies } from "./page/dependencies.ts";
import { lifts } from "./page/lifts.ts";
import { overTime, responseTimes } from "./page/pictures.ts";
import { plan } from "./page/plan.ts";
import { pageShell } from "./page/shell.ts";
import { arms, routes } from "./page/tables.ts";
import { soaks } from "./page/soaks.ts";
import { trail } from "./page/trail.ts";
import { OUTCOME_WORDS, outcomeOf } from "./words.ts";

function page(model: ReportModel): Markup {
  const { run, tool } = model.result;
  const data = chartData(model);
  const sections: readonly (readonly [string, string, Markup | false])[] = [
    ["hypothesis", "What was tested", hypothesis(model)],
    ["comparisons", "Comparisons", comparisons(model)],
    ["lift", "How the effect grew", lifts(model, data)],
    ["plan", "Plan and outcome", plan(model)],
    ["soak", "Over the soak", soaks(model)],
    ["assignment", "Who got which start", assignment(model)],
    ["factors", "What it depends on", factors(model)],
    ["decisions", "Decided while it ran", decisions(model)],
    ["parts", "Parts of the traffic", parts(model)],
    ["responses", "Responses", responses(model)],
    ["runs", "Runs", runs(model)],
    ["findings", "Findings", model.result.hypothesis !== null && findings(model)],
    ["resilience", "Under trouble", resilience(model)],
    ["response-time", "Response time", responseTimes(model)],
    ["over-time", "Over time", overTime(model, data)],
    ["dependencies", "Dependencies", dependencies(model)],
    ["arms", "Ledger", arms(model)],
    ["routes", "Routes", routes(model)],
    ["instruments", "Instruments", instruments(model)],
    ["trail", "Audit trail", trail(model)],
    ["reproduce", "Do it again", reproduce(model)],
  ];
  const present = sections.filter(([, , part]) => part !== false);
  return pageShell({
    title: `${OUTCOME_WORDS[outcomeOf(model.result)]}: ${run.scenario} · shakedown`,
    tool,
    scripts: ["sortable.js", "kinds.js"],
    data,
    skipTo: present[0]?.[0] ?? "verdict",
    main: markup`${headline(model)}
${contents(present.map(([id, title]) => [id, title] as const))}
${present.map(([, , part]) => part)}`,
  });
}

/** `report.html`: one file that a browser opens from anywhere, offline. */
export const htmlFormat: ReportFormat = {
  name: "html",
  file: "report.html",
  render: (model) => page(model).html,
};
