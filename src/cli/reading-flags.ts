import { parseColumns } from "../capture/index.ts";
import type { Reading } from "../run/index.ts";
import type { CliIo } from "./command.ts";

/** Flags that say how a capture is to be understood: of whatever command reads captures. */
export const READING_FLAGS = {
  "log-format": {
    type: "string",
    describe:
      "the access log's format, where its content does not tell: the string of nginx's " +
      "log_format, Apache's LogFormat or Envoy, or a name (combined, ingress-nginx, json)",
    conflicts: "columns",
  },
  columns: {
    type: "string",
    describe:
      "the files are tables (CSV, JSON lines) with these columns: " +
      "time=TS,method:=GET,path=url,status=code,duration(ms)=took; := is the same for all rows",
  },
  service: {
    type: "string",
    describe:
      "of traces, take the requests to this service and the calls that it made " +
      "(the service that is asked from outside most often unless given)",
  },
} as const;

/** What yargs makes of them. */
export interface ReadingArguments {
  readonly logFormat?: string;
  readonly columns?: string;
  readonly service?: string;
}

/** @throws USAGE for columns that are none */
export function readingOf({ stdin }: CliIo, given: ReadingArguments): Reading {
  const { columns, logFormat, service } = given;
  return {
    ...(logFormat === undefined ? {} : { logFormat }),
    ...(columns === undefined ? {} : { columns: parseColumns(columns) }),
    ...(service === undefined ? {} : { service }),
    ...(stdin === undefined ? {} : { stdin }),
  };
}
