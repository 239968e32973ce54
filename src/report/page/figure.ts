import { type Markup, markup } from "./markup.ts";

/** A picture that the page's script draws, with the words that say what is in it. */
export function figure(options: {
  readonly chart: string;
  readonly title: string;
  readonly says: string;
  readonly more?: Markup | false;
}): Markup {
  const { chart, title, says } = options;
  const id = `chart-${chart.replace(":", "-")}`;
  return markup`<figure><figcaption><h3 id="${id}-title">${title}</h3><p id="${id}-says">${says}</p></figcaption><div class="chart" data-chart="${chart}" role="img" tabindex="0" aria-labelledby="${id}-title" aria-describedby="${id}-says"></div>${options.more ?? false}</figure>`;
}
