import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { ReportFormat, ReportModel } from "./model.ts";
import { chartData } from "./page/chart-data.ts";
import { instruments, reproduce } from "./page/closing.ts";
import { comparisons, findings, hypothesis } from "./page/evidence.ts";
import { contents, headline } from "./page/headline.ts";
import { ICON_SHEET } from "./page/marks.ts";
import { Markup, markup, scriptJson } from "./page/markup.ts";
import { dependencies, overTime, responseTimes } from "./page/pictures.ts";
import { arms, routes } from "./page/tables.ts";
import { OUTCOME_WORDS, outcomeOf } from "./words.ts";

interface Assets {
  readonly styles: readonly string[];
  readonly scripts: readonly string[];
}

let assets: Assets | undefined;

/** The page's own style and script and uPlot's, read once from where they are installed. */
function readAssets(): Assets {
  const { resolve } = createRequire(import.meta.url);
  const text = (path: string | URL): string => readFileSync(path, "utf8").trim();
  assets ??= {
    styles: [
      text(resolve("uplot/dist/uPlot.min.css")),
      text(new URL("page/page.css", import.meta.url)),
    ],
    scripts: [
      `/* uPlot, copyright (c) 2022 Leon Sorokin, MIT licence */\n${text(resolve("uplot/dist/uPlot.iife.min.js"))}`,
      text(new URL("page/kinds.js", import.meta.url)),
      text(new URL("page/page.js", import.meta.url)),
    ],
  };
  return assets;
}

const sourceHash = (text: string): string =>
  `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

/** Nothing is fetched, and no script or style runs but those whose hashes stand here. */
function contentPolicy({ styles, scripts }: Assets): string {
  return [
    "default-src 'none'",
    `script-src ${scripts.map(sourceHash).join(" ")}`,
    `style-src ${styles.map(sourceHash).join(" ")}`,
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
}

function page(model: ReportModel, { styles, scripts }: Assets): Markup {
  const { run, tool } = model.result;
  const data = chartData(model);
  const parts: readonly (readonly [string, string, Markup | false])[] = [
    ["hypothesis", "What was tested", hypothesis(model)],
    ["comparisons", "Comparisons", comparisons(model)],
    ["findings", "Findings", findings(model)],
    ["response-time", "Response time", responseTimes(model)],
    ["over-time", "Over time", overTime(model, data)],
    ["dependencies", "Dependencies", dependencies(model)],
    ["arms", "Ledger", arms(model)],
    ["routes", "Routes", routes(model)],
    ["instruments", "Instruments", instruments(model)],
    ["reproduce", "Do it again", reproduce(model)],
  ];
  const present = parts.filter(([, , part]) => part !== false);
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${contentPolicy({ styles, scripts })}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="generator" content="${tool.name} ${tool.version}">
<title>${OUTCOME_WORDS[outcomeOf(model.result)]}: ${run.scenario} · shakedown</title>
<link rel="icon" href="data:,">
${styles.map((text) => markup`<style>${new Markup(text)}</style>`)}
</head>
<body>
<a class="skip" href="#${present[0]![0]}">Skip to the results</a>
${ICON_SHEET}
<main>
${headline(model)}
${contents(present.map(([id, title]) => [id, title] as const))}
${present.map(([, , part]) => part)}
</main>
<footer><p class="muted small">Made by ${tool.name} ${tool.version}. This page is one file and asks nothing of the network.</p></footer>
<script type="application/json" id="chart-data">${scriptJson(data)}</script>
${scripts.map((text) => markup`<script>${new Markup(text)}</script>`)}
</body>
</html>
`;
}

/** `report.html`: one file that a browser opens from anywhere, offline. */
export const htmlFormat: ReportFormat = {
  name: "html",
  file: "report.html",
  render: (model) => page(model, readAssets()).html,
};
