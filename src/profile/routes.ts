const UUID = /[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}/gi;
/** Two runs of hex cannot touch, so each run is looked at once, whatever its length. */
const HEX_RUN = /(?<![0-9a-z])[0-9a-f]{16,}(?![0-9a-z])/gi;
const SLUGS_MIN = 5;

/** A segment with its identities named; unchanged when it holds none. */
function templated(segment: string): string {
  if (/^\d+$/.test(segment)) return "{id}";
  return segment.replace(UUID, "{uuid}").replace(HEX_RUN, "{hash}");
}

const isLiteral = (segment: string): boolean => segment !== "" && !segment.includes("{");
const withoutQuery = (path: string): string => path.split(/[?#]/, 1)[0] ?? path;

/** Names one position: where five or more values stand after the same prefix, at the same depth. */
function nameSlugs(split: readonly string[][], position: number): void {
  const places = new Map<string, { values: Set<string>; paths: string[][] }>();
  for (const segments of split) {
    const segment = segments[position];
    if (segment === undefined || !isLiteral(segment)) continue;
    const place = `${segments.length} ${segments.slice(0, position).join("/")}`;
    const found = places.get(place) ?? { values: new Set(), paths: [] };
    found.values.add(segment);
    found.paths.push(segments);
    places.set(place, found);
  }
  for (const { values, paths } of places.values()) {
    if (values.size < SLUGS_MIN) continue;
    for (const segments of paths) segments[position] = "{slug}";
  }
}

/**
 * The path template of each path, in the same order: numbers become `{id}`, UUIDs `{uuid}`, hex of
 * 16 digits or more `{hash}` (also inside a segment: `favicon-{hash}.ico`), and a segment `{slug}`
 * where at least five different ones stand in its place after the same non-empty prefix in paths
 * of the same depth. The query is left out. Templates depend on the whole list, not on its order.
 */
export function routeTemplates(paths: readonly string[]): string[] {
  const distinct = new Map<string, string[]>();
  for (const path of paths) {
    const bare = withoutQuery(path);
    if (distinct.has(bare)) continue;
    distinct.set(bare, bare.split("/").map(templated));
  }
  const split = [...distinct.values()];
  const deepest = split.reduce((most, segments) => Math.max(most, segments.length), 0);
  // Segment 0 is the emptiness before the first slash, and segment 1 stands right under the root.
  for (let position = 2; position < deepest; position++) nameSlugs(split, position);
  return paths.map((path) => distinct.get(withoutQuery(path))?.join("/") ?? path);
}
