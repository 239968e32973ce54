/** What the widest line takes; terminals are mostly wider, and rarely narrower than 80. */
const WIDTH = 100;

/** `label   text`, the labels in one column. */
export function labelled(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...rows.map(([label]) => label.length));
  return rows.map(([label, text]) => `${label.padEnd(width)}  ${text}`);
}

/** A line broken at spaces, further lines below the text that stands after the first wide gap. */
export function wrapped(line: string, width = WIDTH): string[] {
  if (line.length <= width) return [line];
  const indent = /^\s*\S.*?\s{2,}/.exec(line)?.[0].length ?? 0;
  const lines: string[] = [];
  let rest = line;
  while (rest.length > width) {
    const at = rest.lastIndexOf(" ", width);
    const cut = at > indent ? at : rest.indexOf(" ", Math.max(width, indent + 1));
    if (cut === -1) break;
    lines.push(rest.slice(0, cut));
    rest = " ".repeat(indent) + rest.slice(cut + 1);
  }
  return [...lines, rest];
}

/** Rows of cells in columns: the first to the left, the others to the right; the first row heads. */
export function tableLines(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, column) =>
    Math.max(...rows.map((row) => row[column]!.length + (column === 0 && row !== rows[0] ? 2 : 0))),
  );
  return rows.map((row, at) =>
    row
      .map((cell, column) => {
        if (column > 0) return cell.padStart(widths[column]!);
        return (at === 0 ? cell : `  ${cell}`).padEnd(widths[0]!);
      })
      .join("  "),
  );
}
