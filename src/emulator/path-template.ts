const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);

/**
 * Matches paths (with or without a query) against a template: `:name` and `{name}` stand for one
 * segment, `*` for anything. Gives what stood there, in order; null when the path is another.
 */
export function pathMatcher(template: string): (path: string) => string[] | null {
  const parts = template.split(/(:\w+|\{\w+\}|\*)/);
  const pattern = parts.map((part, index) => {
    if (index % 2 === 0) return escaped(part);
    return part === "*" ? "(.*)" : "([^/]+)";
  });
  const regexp = new RegExp(`^${pattern.join("")}$`, "s");
  return (path) => regexp.exec(path.split("?", 1)[0] ?? "")?.slice(1) ?? null;
}
