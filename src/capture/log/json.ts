import type { CapturedRequest, CaptureFormat } from "../format.ts";
import { Unusable } from "../http-message.ts";
import { type LogEntry, newEntry, requestOf } from "./entry.ts";
import { envoyField } from "./envoy.ts";
import type { LogField } from "./layout.ts";
import { firstLines, readLines, unwrapped } from "./lines.ts";
import { clfTime, epochTime, isoTime, type Moment } from "./moment.ts";
import { nginxField } from "./nginx.ts";

/** How one server names things in JSON: each key's placeholder in its own formats. */
interface Dialect {
  readonly stamps: readonly string[];
  readonly at: "begin" | "end";
  readonly fields: ReadonlyMap<string, LogField>;
}

const operator = (key: string, name: string, argument = ""): [string, LogField] => [
  key,
  envoyField(key, name, argument),
];
const variable = (key: string, name = key): [string, LogField] => [key, nginxField(name)];

const NGINX: Dialect = {
  // Finest first: the first that a line has is read.
  stamps: [
    "msec",
    "time_msec",
    "@timestamp",
    "timestamp",
    "time",
    "ts",
    "time_iso8601",
    "time_local",
  ],
  at: "end",
  fields: new Map([
    variable("remote_addr"),
    variable("client_ip", "remote_addr"),
    variable("connection"),
    variable("request"),
    variable("request_method"),
    variable("method", "request_method"),
    variable("request_uri"),
    variable("uri"),
    variable("args"),
    variable("query_string"),
    variable("server_name"),
    variable("host"),
    variable("vhost", "host"),
    variable("http_host"),
    variable("status"),
    variable("request_time"),
    variable("body_bytes_sent"),
    variable("bytes_sent"),
    variable("content_length"),
    variable("http_referer"),
    variable("http_referrer", "http_referer"),
    variable("http_user_agent"),
    variable("user_agent", "http_user_agent"),
    variable("http_x_forwarded_for"),
    variable("x_forwarded_for", "http_x_forwarded_for"),
    variable("http_accept"),
    variable("http_accept_language"),
    variable("http_cookie"),
  ]),
};

const ENVOY: Dialect = {
  stamps: ["start_time"],
  at: "begin",
  fields: new Map([
    operator("method", "REQ", ":METHOD"),
    operator("path", "REQ", ":PATH"),
    operator("authority", "REQ", ":AUTHORITY"),
    operator("user_agent", "REQ", "USER-AGENT"),
    operator("x_forwarded_for", "REQ", "X-FORWARDED-FOR"),
    operator("response_code", "RESPONSE_CODE"),
    operator("response_flags", "RESPONSE_FLAGS"),
    operator("bytes_received", "BYTES_RECEIVED"),
    operator("bytes_sent", "BYTES_SENT"),
    operator("duration", "DURATION"),
    operator("downstream_remote_address", "DOWNSTREAM_REMOTE_ADDRESS"),
    operator("connection_id", "CONNECTION_ID"),
  ]),
};

const [clf, iso, epoch] = [clfTime(), isoTime(1e6), epochTime(1e9, 1e6)];

/** Reads a time in whichever form it is. */
function takeTime(text: string, moment: Moment): void {
  if (/^\d+(?:\.\d+)?$/.test(text)) epoch.read(text, moment);
  else if (text.includes("/")) clf.read(text, moment);
  else iso.read(text, moment);
}

type JsonObject = Readonly<Record<string, unknown>>;

function objectIn(line: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw new Unusable("the line is not JSON");
  }
  if (typeof value !== "object" || value === null) throw new Unusable("the line is no JSON object");
  return value as JsonObject;
}

function textAt(object: JsonObject, key: string): string | undefined {
  const value = Object.hasOwn(object, key) ? object[key] : undefined;
  return typeof value === "string" || typeof value === "number" ? String(value) : undefined;
}

function stampIn(object: JsonObject, { stamps }: Dialect): string {
  for (const key of stamps) {
    const text = textAt(object, key);
    if (text !== undefined) return text;
  }
  throw new Unusable("there is no time");
}

/** A stamp with a fraction of a second: `:36.123` or `1700000000.123`. */
const isFine = (stamp: string): boolean => /\d[.,]\d/.test(stamp);

function entryOf(object: JsonObject, dialect: Dialect): LogEntry {
  const entry = newEntry();
  takeTime(stampIn(object, dialect), entry[dialect.at]);
  for (const key of Object.keys(object)) {
    const text = textAt(object, key);
    if (text !== undefined) dialect.fields.get(key)?.take?.(entry, text);
  }
  return entry;
}

function jsonFormat(
  about: Pick<CaptureFormat, "name" | "description" | "timePrecisionNs">,
  dialect: Dialect,
): CaptureFormat {
  const isCoarse = about.timePrecisionNs >= 1e9;
  const read = (line: string, place: string): CapturedRequest => {
    const object = objectIn(unwrapped(line));
    if (!isCoarse && !isFine(stampIn(object, dialect))) {
      throw new Unusable("the time is in whole seconds, unlike the first line's");
    }
    return requestOf(entryOf(object, dialect), place);
  };
  const fits = (line: string): boolean => {
    try {
      const stamp = stampIn(objectIn(unwrapped(line)), dialect);
      read(line, "");
      return isCoarse || isFine(stamp);
    } catch (thrown) {
      if (thrown instanceof Unusable) return false;
      throw thrown;
    }
  };
  return {
    ...about,
    sniff: (head) => firstLines(head).some((line) => line.startsWith("{") && fits(line)),
    read: (file) => readLines(file, read),
  };
}

/** nginx's variables under their own names in JSON, as most `escape=json` formats have them. */
export const nginxJsonFormat = jsonFormat(
  { name: "nginx-json", description: "nginx access log in JSON", timePrecisionNs: 1e6 },
  NGINX,
);

/** The same with stamps in whole seconds. */
export const nginxJsonSecondsFormat = jsonFormat(
  {
    name: "nginx-json-seconds",
    description: "nginx access log in JSON, times in whole seconds",
    timePrecisionNs: 1e9,
  },
  NGINX,
);

/** Envoy's and Istio's JSON log, with the keys of their documentation. */
export const envoyJsonFormat = jsonFormat(
  { name: "envoy-json", description: "Envoy access log in JSON", timePrecisionNs: 1e6 },
  ENVOY,
);
