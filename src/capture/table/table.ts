import type { CapturedRequest, CaptureFormat } from "../format.ts";
import { targetOf } from "../http-fields.ts";
import { Unusable } from "../http-message.ts";
import type { CaptureFile } from "../source.ts";
import { type ColumnMapping, columnNames, type TableField, UNIT_NS } from "./columns.ts";
import { type Row, tableRows, tableShape } from "./rows.ts";
import { parseTime } from "./time.ts";

type FieldText = (field: TableField) => string | undefined;

const TABLE_NAME = "table";
/** Methods whose requests hardly ever come without a body. */
const WITH_BODY = new Set(["POST", "PUT", "PATCH"]);
const NS_PER_US = 1e3;

function fieldTexts(
  columns: ColumnMapping,
  cells: (column: string) => string | undefined,
): FieldText {
  return (field) => {
    const source = columns[field]?.source;
    return source?.kind === "fixed" ? source.text : source && cells(source.name);
  };
}

function needed(text: FieldText, field: TableField): string {
  const found = text(field);
  if (found === undefined) throw new Unusable(`the row has no ${field}`);
  return found;
}

/** @throws Unusable when it is there, and no status. */
function statusOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  // Tables of floating-point columns have 200.0.
  const match = /^([1-9]\d\d)(?:\.0+)?$/.exec(text);
  if (match === null) throw new Unusable("the status is not a number of three digits");
  return Number(match[1]);
}

/** @throws Unusable when it is there, and no duration. */
function durationUs(text: string | undefined, columns: ColumnMapping): number | undefined {
  if (text === undefined) return undefined;
  const us = (Number(text) * UNIT_NS[columns.duration?.unit ?? "ns"]) / NS_PER_US;
  if (!Number.isFinite(us) || us < 0) throw new Unusable("the duration is not a number from 0");
  return us;
}

/** @throws Unusable when it is there, and no size. */
function bytesOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  // Tables of floating-point columns have 512.0.
  const match = /^(\d{1,15})(?:\.0+)?$/.exec(text);
  if (match === null) throw new Unusable("responseBytes is not a whole number from 0");
  return Number(match[1]);
}

function requestOf(text: FieldText, columns: ColumnMapping, place: string): CapturedRequest {
  const arrivalNs = parseTime(needed(text, "time"), columns.time.unit).ns;
  const method = needed(text, "method").toUpperCase();
  if (!/^[A-Z]+$/.test(method)) throw new Unusable("the method is not a word");
  const found = targetOf(needed(text, "path"));
  if (found === undefined) throw new Unusable("the path does not begin with /, and is no URL");
  const body = text("body");
  return {
    place,
    arrivalNs,
    method,
    path: found.path,
    host: text("host")?.toLowerCase() ?? found.host,
    headers: [],
    body: body === undefined ? undefined : Buffer.from(body),
    bodyLost: body === undefined && WITH_BODY.has(method),
    status: statusOf(text("status")),
    serviceTimeUs: durationUs(text("duration"), columns),
    responseBytes: bytesOf(text("responseBytes")),
    client: text("client"),
    connection: text("connection"),
  };
}

/** The finest of the times in the first rows: a time may end in zeros that were left out. */
async function precisionOf({ head, name }: CaptureFile, columns: ColumnMapping): Promise<number> {
  const chunks = async function* (): AsyncGenerator<Buffer> {
    // Where it cuts off the last row, that row's time is less precise, or is none.
    yield head;
  };
  const wanted = { columns: columnNames(columns), fileName: name };
  let finestNs = UNIT_NS.s as number;
  for await (const { cells } of tableRows(chunks(), tableShape(head), wanted)) {
    try {
      const time = cells instanceof Unusable ? undefined : fieldTexts(columns, cells)("time");
      if (time === undefined) continue;
      finestNs = Math.min(finestNs, parseTime(time, columns.time.unit).precisionNs);
    } catch (thrown) {
      if (!(thrown instanceof Unusable)) throw thrown;
    }
  }
  return finestNs;
}

function itemOf({ cells, line }: Row, columns: ColumnMapping, fileName: string) {
  const place = `${fileName}:${line}`;
  try {
    if (cells instanceof Unusable) throw cells;
    const request = requestOf(fieldTexts(columns, cells), columns, place);
    return { kind: "request", request } as const;
  } catch (thrown) {
    if (!(thrown instanceof Unusable)) throw thrown;
    return { kind: "rejected", place, reason: thrown.message } as const;
  }
}

/**
 * The format of one table, CSV, JSON lines or a JSON array, whose columns are named by the user.
 * Times are taken as those of arrivals, as precise as the first rows write them.
 * @throws CAPTURE_INVALID when it has no column of a name
 */
export async function tableFormat(
  file: CaptureFile,
  columns: ColumnMapping,
): Promise<CaptureFormat> {
  return {
    name: TABLE_NAME,
    description: "table of requests (CSV, JSON lines; with --columns)",
    timePrecisionNs: await precisionOf(file, columns),
    sniff: () => true,

    async *read({ chunks, head, name }) {
      const wanted = { columns: columnNames(columns), fileName: name };
      for await (const row of tableRows(chunks, tableShape(head), wanted)) {
        yield itemOf(row, columns, name);
      }
    },
  };
}
