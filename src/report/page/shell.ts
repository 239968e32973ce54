import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { ICON_SHEET } from "./marks.ts";
import { Markup, markup, scriptJson } from "./markup.ts";

/** What a page is made of. */
export interface PageParts {
  readonly title: string;
  readonly tool: { readonly name: string; readonly version: string };
  /** Files beside this one, run before page.js: the one that says what its pictures show, and others. */
  readonly scripts: readonly string[];
  /** Of a page that is served and told more as it stands; one in a file has none of it. */
  readonly served?: {
    /** Files beside this one: styles after the common ones, scripts after page.js. */
    readonly styles: readonly string[];
    readonly scripts: readonly string[];
  };
  /** What the page's script draws. */
  readonly data: unknown;
  readonly skipTo: string;
  readonly main: Markup | readonly Markup[];
}

interface Assets {
  readonly styles: readonly string[];
  readonly scripts: readonly string[];
}

const read = new Map<string, Assets>();

/** Styles and scripts, our own and uPlot's, read once from where they are installed. */
function readAssets({ scripts: names, served }: PageParts): Assets {
  const key = JSON.stringify([names, served]);
  const known = read.get(key);
  if (known !== undefined) return known;
  const { resolve } = createRequire(import.meta.url);
  const text = (path: string | URL): string => readFileSync(path, "utf8").trim();
  const own = (name: string): string => text(new URL(name, import.meta.url));
  const uplot = text(resolve("uplot/dist/uPlot.iife.min.js"));
  const licence = "/* uPlot, copyright (c) 2022 Leon Sorokin, MIT licence */";
  const assets = {
    styles: [
      text(resolve("uplot/dist/uPlot.min.css")),
      own("page.css"),
      ...(served?.styles ?? []).map(own),
    ],
    scripts: [
      `${licence}\n${uplot}`,
      own("formats.js"),
      own("stages.js"),
      ...names.map(own),
      own("page.js"),
      ...(served?.scripts ?? []).map(own),
    ],
  };
  read.set(key, assets);
  return assets;
}

const sourceHash = (text: string): string =>
  `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

/**
 * Nothing is fetched, but by a page that is served from where it came; and no script or style runs but
 * those whose hashes stand here.
 */
function contentPolicy({ scripts, styles }: Assets, served: boolean): string {
  return [
    "default-src 'none'",
    `script-src ${scripts.map(sourceHash).join(" ")}`,
    `style-src ${styles.map(sourceHash).join(" ")}`,
    "img-src data:",
    ...(served ? ["connect-src 'self'"] : []),
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
}

/** One file that a browser opens from anywhere, offline: it holds its styles, scripts and data. */
export function pageShell(parts: PageParts): Markup {
  const { data, main, skipTo, title, tool } = parts;
  const assets = readAssets(parts);
  const served = parts.served !== undefined;
  const end = served
    ? "This page asks nothing but of the address that it came from."
    : "This page is one file and asks nothing of the network.";
  const { scripts, styles } = assets;
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${contentPolicy(assets, served)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="generator" content="${tool.name} ${tool.version}">
<title>${title}</title>
<link rel="icon" href="data:,">
${styles.map((text) => markup`<style>${new Markup(text)}</style>`)}
</head>
<body>
<a class="skip" href="#${skipTo}">Skip to the results</a>
${ICON_SHEET}
<main>
${main}
</main>
<footer><p class="muted small">Made by ${tool.name} ${tool.version}. ${end}</p></footer>
<script type="application/json" id="chart-data">${scriptJson(data)}</script>
${scripts.map((text) => markup`<script>${new Markup(text)}</script>`)}
</body>
</html>
`;
}
