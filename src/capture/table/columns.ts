import { ShakedownError } from "../../core/index.ts";

/** How many nanoseconds a unit of time has. */
export const UNIT_NS = { s: 1_000_000_000, ms: 1_000_000, us: 1_000, ns: 1 } as const;
export type TimeUnit = keyof typeof UNIT_NS;

/** Where a field of a request comes from: a column, or the same text for every row. */
export type ColumnSource =
  | { readonly kind: "column"; readonly name: string }
  | { readonly kind: "fixed"; readonly text: string };

export interface MappedColumn {
  readonly source: ColumnSource;
  /** As given: `duration(ms)=latency`. */
  readonly unit?: TimeUnit;
}

const REQUIRED = ["time", "method", "path"] as const;
const OPTIONAL = [
  "host",
  "status",
  "duration",
  "responseBytes",
  "client",
  "connection",
  "body",
] as const;
const TIMED: ReadonlySet<string> = new Set(["time", "duration"]);

type RequiredField = (typeof REQUIRED)[number];
type OptionalField = (typeof OPTIONAL)[number];
export type TableField = RequiredField | OptionalField;

/** Which column of a table is what. */
export type ColumnMapping = Readonly<Record<RequiredField, MappedColumn>> &
  Readonly<Partial<Record<OptionalField, MappedColumn>>>;

const FIELDS: readonly string[] = [...REQUIRED, ...OPTIONAL];
const EXAMPLE = "time=TIMESTAMP,method:=GET,path=url,status=code,duration(ms)=latency";
/** `field=column`, `field(unit)=column`, `field:=text`; a column in quotes may hold commas. */
const ENTRY = /\s*(\w+)(?:\((\w+)\))?(:?=)(?:"([^"]*)"|([^,]*))(?:,|$)/y;

function refuse(problem: string, hint: string): ShakedownError {
  return new ShakedownError("USAGE", `--columns: ${problem}`, { hint });
}

function unitOf(field: string, unit: string | undefined): { unit?: TimeUnit } {
  if (unit === undefined) {
    if (field !== "duration") return {};
    throw refuse("duration needs its unit", "write duration(s)=, (ms), (us) or (ns)");
  }
  if (!TIMED.has(field)) {
    throw refuse(`${field} has no unit`, "only time and duration have one");
  }
  if (!Object.hasOwn(UNIT_NS, unit)) {
    throw refuse(`${unit} is no unit of ${field}`, "units are s, ms, us and ns");
  }
  return { unit: unit as TimeUnit };
}

/**
 * Reads a column mapping: `time=TIMESTAMP,method:=GET,path=url,duration(ms)=latency`. A CSV column
 * is given by its name in the first row, or as `#3` when there is no such row; a key of JSON lines
 * by its name, or by a path with dots.
 * @throws USAGE with what is wrong, and how it is written
 */
export function parseColumns(text: string): ColumnMapping {
  const mapping = new Map<string, MappedColumn>();
  ENTRY.lastIndex = 0;
  while (ENTRY.lastIndex < text.length) {
    const at = ENTRY.lastIndex;
    const match = ENTRY.exec(text);
    if (match === null) {
      const rest = JSON.stringify(text.slice(at));
      throw refuse(`cannot read ${rest}`, `it is written like this: ${EXAMPLE}`);
    }
    const [, field = "", unit, sign, quoted, bare] = match;
    if (!FIELDS.includes(field)) {
      throw refuse(`there is no field ${field}`, `fields are ${FIELDS.join(", ")}`);
    }
    if (mapping.has(field)) throw refuse(`${field} is given twice`, "give it once");
    const value = quoted ?? bare?.trim() ?? "";
    if (value === "") throw refuse(`${field} is given nothing`, `such as ${EXAMPLE}`);
    const source: ColumnSource =
      sign === ":=" ? { kind: "fixed", text: value } : { kind: "column", name: value };
    mapping.set(field, { source, ...unitOf(field, unit) });
  }
  const missing = REQUIRED.filter((field) => !mapping.has(field));
  if (missing.length > 0) {
    const hint = `name a column, or the same text for all (method:=GET); such as ${EXAMPLE}`;
    throw refuse(`${missing.join(" and ")} missing`, hint);
  }
  return Object.fromEntries(mapping) as unknown as ColumnMapping;
}

/** The columns that a mapping takes, each once. */
export function columnNames(mapping: ColumnMapping): string[] {
  const sources = Object.values(mapping).map(({ source }) => source);
  return [...new Set(sources.flatMap((one) => (one.kind === "column" ? [one.name] : [])))];
}
