import { formatBytes, formatCount, formatRatio, formatUs } from "../../core/index.ts";
import type { RouteMakeup } from "../../profile/index.ts";
import { longText, type Markup, markup, type SortedCell, table } from "../page/markup.ts";
import { shareBar } from "../page/marks.ts";
import { NOTHING } from "../words.ts";
import { type FormatValue, known } from "./words.ts";
import type { Side } from "./model.ts";

/** More rows than these make a page heavy, and are not read. */
const ROUTES_MAX = 300;

const figureCell = (value: number | null | undefined, format: FormatValue): SortedCell => ({
  shows: known(value, format),
  by: value ?? null,
});

const statusWords = ({ statusClasses }: RouteMakeup): string =>
  statusClasses.length === 0
    ? NOTHING
    : statusClasses.map(({ share, value }) => `${value} ${formatRatio(share)}`).join(", ");

interface RouteColumn {
  readonly head: string;
  readonly sort?: "figure";
  readonly of: (route: RouteMakeup | undefined) => string | Markup | SortedCell;
}

const figureColumn = (
  head: string,
  format: FormatValue,
  of: (route: RouteMakeup) => number | null | undefined,
): RouteColumn => ({
  head,
  sort: "figure",
  of: (route) => figureCell(route === undefined ? null : of(route), format),
});

/** What is told of each route: first what all profiles have, then what this one knows. */
function columnsOf(sides: readonly Side[]): readonly RouteColumn[] {
  const knows = (of: (route: RouteMakeup) => unknown): boolean =>
    sides.some(({ summary }) => summary.routes.some((route) => of(route) !== null));
  const columns: RouteColumn[] = [figureColumn("Requests", formatCount, ({ count }) => count)];
  if (sides.length === 1 && sides[0]!.summary.statuses.length > 0) {
    columns.push({
      head: "Statuses",
      of: (route) => (route === undefined ? NOTHING : statusWords(route)),
    });
  }
  if (knows(({ serviceTimeUs }) => serviceTimeUs)) {
    columns.push(
      figureColumn("Service p50", formatUs, ({ serviceTimeUs }) => serviceTimeUs?.p50),
      figureColumn("p99", formatUs, ({ serviceTimeUs }) => serviceTimeUs?.p99),
    );
  }
  if (knows(({ requestBytes }) => requestBytes)) {
    columns.push(figureColumn("Body p50", formatBytes, ({ requestBytes }) => requestBytes?.p50));
  }
  if (knows(({ responseBytes }) => responseBytes)) {
    columns.push(
      figureColumn("Answer p50", formatBytes, ({ responseBytes }) => responseBytes?.p50),
    );
  }
  return columns;
}

function shareCell(routes: readonly (RouteMakeup | undefined)[], most: number): SortedCell {
  const shares = routes.map((route) => route?.share ?? 0);
  const words = shares.map((share) => (share === 0 ? NOTHING : formatRatio(share))).join(" / ");
  return {
    shows: markup`<span class="share">${shareBar(shares.map((share) => share / most))}<span>${words}</span></span>`,
    by: Math.max(...shares),
  };
}

/** `this / other` where there are two. */
function columnCell(
  column: RouteColumn,
  routes: readonly (RouteMakeup | undefined)[],
): string | Markup | SortedCell {
  if (routes.length === 1) return column.of(routes[0]);
  const cells = routes.map((route) => column.of(route));
  const shows = cells.map((cell) =>
    typeof cell === "object" && "shows" in cell ? cell.shows : cell,
  );
  const [first] = cells;
  const words = markup`${shows[0]!} / ${shows[1]!}`;
  return typeof first === "object" && "by" in first ? { shows: words, by: first.by } : words;
}

/** The mix of routes: a bar and figures for each. */
export function mix(sides: readonly Side[]): Markup | false {
  const byRoute = sides.map(
    ({ summary }) => new Map(summary.routes.map((route) => [route.value, route])),
  );
  const most = (name: string): number =>
    Math.max(...byRoute.map((routes) => routes.get(name)?.share ?? 0));
  const names = [...new Set(byRoute.flatMap((routes) => [...routes.keys()]))].toSorted(
    (a, b) => most(b) - most(a),
  );
  if (names.length === 0) return false;
  const columns = columnsOf(sides);
  const rows = names.slice(0, ROUTES_MAX).map((name) => {
    const routes = byRoute.map((of) => of.get(name));
    const cells = columns.map((column) => columnCell(column, routes));
    return [longText(name), shareCell(routes, most(names[0]!)), ...cells];
  });
  const left = names.length - rows.length;
  const two =
    sides.length > 1 && markup` Figures are of ${sides.map(({ line }) => line).join(" / ")}.`;
  return markup`<section id="mix"><h2>Mix of routes</h2><p class="lead">What is asked for. A column’s head sorts by it.${two}</p>${table(
    {
      caption: "Routes",
      columns: [
        { head: "Route", class: "route", sort: "name" },
        { head: "Share", sort: "figure" },
        ...columns.map(({ head, sort }) =>
          sort === undefined ? { head } : { head, sort, figure: true },
        ),
      ],
      rows,
    },
  )}${left > 0 && markup`<p class="muted small">${formatCount(left)} rarer routes are left out here.</p>`}</section>`;
}
