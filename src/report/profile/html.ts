import { contents } from "../page/headline.ts";
import { type Markup, markup } from "../page/markup.ts";
import { pageShell } from "../page/shell.ts";
import { arrivals } from "./arrivals.ts";
import { dependencies } from "./dependencies.ts";
import { drift } from "./drift.ts";
import { headers } from "./headers.ts";
import { keys } from "./keys.ts";
import { mix } from "./mix.ts";
import { type ProfilePage, sidesOf } from "./model.ts";
import { origin } from "./origin.ts";
import { overview } from "./overview.ts";
import { Plots } from "./plot.ts";
import { sessionSection } from "./sessions.ts";
import { sizesAndTimes } from "./values.ts";

/** One file, offline, with pictures of what a profile is made of; of two, one over the other. */
export function renderProfileHtml(page: ProfilePage): string {
  const sides = sidesOf(page);
  const plots = new Plots();
  const parts: readonly (readonly [string, string, Markup | false])[] = [
    ["drift", "How they differ", drift(page)],
    ["arrivals", "Arrivals", arrivals(sides, plots)],
    ["mix", "Mix of routes", mix(sides)],
    ["keys", "Keys", keys(sides, plots)],
    ["sizes", "Service times and sizes", sizesAndTimes(sides, plots)],
    ["sessions", "Sessions", sessionSection(sides, plots)],
    ["headers", "Headers", headers(sides)],
    ["dependencies", "Dependencies", dependencies(sides, plots)],
    ["origin", "Ledger and origin", origin(sides)],
  ];
  const present = parts.filter(([, , part]) => part !== false);
  return pageShell({
    title: `${sides.map(({ label }) => label).join(" and ")} · shakedown profile`,
    tool: page.tool,
    scripts: ["profile-kinds.js", "sortable.js"],
    data: plots.data,
    skipTo: "overview",
    main: markup`${overview(sides)}
${contents(present.map(([id, title]) => [id, title] as const))}
${present.map(([, , part]) => part)}`,
  }).html;
}
