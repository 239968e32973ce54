import escapeHtml from "escape-html";
import { keepUnits, plainText } from "../words.ts";

/** HTML that is safe to write out: made by `markup` alone, where every text is escaped. */
export class Markup {
  readonly html: string;

  constructor(html: string) {
    this.html = html;
  }
}

type Piece = string | number | Markup | false | readonly Piece[];

function rendered(piece: Piece): string {
  if (piece === false) return "";
  if (piece instanceof Markup) return piece.html;
  if (typeof piece === "string") return escapeHtml(keepUnits(plainText(piece)));
  return typeof piece === "number" ? String(piece) : piece.map(rendered).join("");
}

/**
 * Template tag for HTML. Texts and numbers are escaped, also inside quoted attributes; markup and
 * lists of it go in as they are; `false` is nothing.
 */
export function markup(parts: TemplateStringsArray, ...pieces: readonly Piece[]): Markup {
  return new Markup(String.raw({ raw: parts }, ...pieces.map(rendered)));
}

/** JSON that cannot end its script element or open another. */
export function scriptJson(value: unknown): Markup {
  return new Markup(JSON.stringify(value).replaceAll("<", String.raw`\u003c`));
}

/**
 * A text of arbitrary length, such as a captured route: shown up to 120 characters; the rest, up
 * to 600, opens on demand.
 */
export function longText(text: string): Markup {
  const shown = plainText(text, 120);
  if (shown === plainText(text)) return markup`<code>${shown}</code>`;
  return markup`<details class="long"><summary><code>${shown}</code></summary><code>${plainText(text, 600)}</code></details>`;
}

interface Column {
  readonly head: string | Markup;
  /** Right-aligned figures. */
  readonly figure?: boolean;
  readonly class?: string;
  /** What readers can sort by here, and which end comes first: figures from the largest, names from A. */
  readonly sort?: "figure" | "name";
}

/** A cell whose column can be sorted by: what it shows, and its figure; null sorts last. */
export interface SortedCell {
  readonly shows: string | Markup;
  readonly by: number | null;
}

type Cell = string | Markup | SortedCell;

const shown = (cell: Cell): string | Markup =>
  typeof cell === "string" || cell instanceof Markup ? cell : cell.shows;

const sortValue = (cell: Cell): Markup | false =>
  typeof cell === "object" && !(cell instanceof Markup) && markup` data-sort="${cell.by ?? ""}"`;

const FIRST = { figure: "descending", name: "ascending" } as const;

/**
 * A table that people can read on a phone: `cards` turns each row into a card below 1,080 px, else
 * it scrolls sideways inside its own frame, which the keyboard can reach. The first column heads
 * its row. Roles are written out, since some readers forget them when a row is laid out as a card.
 * Where a column has `sort`, the page needs the script sortable.js.
 */
export function table(options: {
  readonly caption: string;
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly Cell[])[];
  readonly cards?: boolean;
  /** Whether a row belongs together with the next one. */
  readonly opens?: (rowIndex: number) => boolean;
}): Markup {
  const { columns, caption } = options;
  const classOf = ({ figure, class: name }: Column): string =>
    [figure === true ? "figure" : "", name ?? ""].join(" ").trim();
  const heads = columns.map(
    (column) =>
      markup`<th role="columnheader" scope="col" class="${classOf(column)}"${column.sort !== undefined && markup` data-first="${FIRST[column.sort]}"`}>${column.head}</th>`,
  );
  const rows = options.rows.map((cells, rowIndex) => {
    const body = cells.map((cell, index) => {
      const column = columns[index] ?? { head: "" };
      const label = typeof column.head === "string" ? column.head : "";
      return index === 0
        ? markup`<th role="rowheader" scope="row" class="${classOf(column)}"${sortValue(cell)}>${shown(cell)}</th>`
        : markup`<td role="cell" class="${classOf(column)}" data-label="${label}"${sortValue(cell)}><div>${shown(cell)}</div></td>`;
    });
    const opens = options.opens?.(rowIndex) === true;
    return markup`<tr role="row"${opens && markup` class="opens"`}>${body}</tr>`;
  });
  const sortable = columns.some(({ sort }) => sort !== undefined);
  const classes = [options.cards === true ? "cards" : "wide", ...(sortable ? ["sortable"] : [])];
  const grid = markup`<table role="table" class="${classes.join(" ")}"><caption class="unseen">${caption}</caption><thead role="rowgroup"><tr role="row">${heads}</tr></thead><tbody role="rowgroup">${rows}</tbody></table>`;
  return options.cards === true
    ? grid
    : markup`<div class="scroll" role="region" tabindex="0" aria-label="${caption}">${grid}</div>`;
}

/** A list of terms and what they are. */
export function terms(rows: readonly (readonly [string, string | Markup])[]): Markup {
  return markup`<dl>${rows.map(([term, value]) => markup`<div><dt>${term}</dt><dd>${value}</dd></div>`)}</dl>`;
}
