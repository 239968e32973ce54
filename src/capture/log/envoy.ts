import { ShakedownError } from "../../core/index.ts";
import { isNothing, takeDuration, takeHeader, takeResponseBytes } from "./entry.ts";
import type { LogEntry } from "./entry.ts";
import { compileLayout, type LayoutPiece, type LogField, type LogLayout } from "./layout.ts";
import { isoTime, strftimeReader } from "./moment.ts";
import { Unusable } from "../http-message.ts";

type Fields = Omit<LogField, "label">;

const HINT = "it needs %START_TIME%, %REQ(:METHOD)% and %REQ(:PATH)%";

function status(entry: LogEntry, text: string): void {
  if (!/^\d{1,3}$/.test(text)) throw new Unusable("the status is not a number of three digits");
  // 0: there was no answer.
  if (+text >= 100) entry.status = Number(text);
}

function flags(entry: LogEntry, text: string): void {
  // The client closed its connection first.
  if (text.split(",").includes("DC")) entry.isCensored = true;
}

function bodyBytes(entry: LogEntry, text: string): void {
  if (/^\d+$/.test(text)) entry.bodyBytes = Number(text);
}

function startTime(argument: string): Fields {
  const reader = argument === "" ? isoTime(1e6) : strftimeReader(argument);
  if (typeof reader !== "string") return { time: { at: "begin", reader } };
  throw new ShakedownError(
    "USAGE",
    `the log format has ${reader} in %START_TIME(${argument})%, which is not understood`,
    { hint: "use %START_TIME% alone, or strftime's %Y %m %d %H %M %S %T %F %z %s %3f %6f %9f" },
  );
}

/** `%REQ(first?otherwise)%`: a header of the request, or a part of its first line. */
function requestHeader(argument: string): Fields {
  const names = argument
    .replace(/\):?.*$/, "")
    .toLowerCase()
    .split("?");
  if (names.includes(":method")) {
    return { gives: "method", take: (entry, text) => (entry.method = text) };
  }
  if (names.includes(":path")) {
    return { gives: "target", opensWith: "/", take: (entry, text) => (entry.target = text) };
  }
  if (names.includes(":authority") || names[0] === "host") {
    return { take: (entry, text) => (isNothing(text) ? undefined : (entry.host = text)) };
  }
  const [name = ""] = names;
  // Other parts of the first line are no headers.
  return name.startsWith(":") ? {} : { take: (entry, text) => takeHeader(entry, name, text) };
}

/** Operators by their name; what a profile has no use for is read over. */
const OPERATORS: Readonly<Record<string, (argument: string) => Fields>> = {
  START_TIME: startTime,
  REQ: requestHeader,
  RESPONSE_CODE: () => ({ take: status }),
  RESPONSE_FLAGS: () => ({ take: flags }),
  BYTES_RECEIVED: () => ({ take: bodyBytes }),
  BYTES_SENT: () => ({ take: takeResponseBytes }),
  DURATION: () => ({
    gives: "duration",
    precisionNs: 1e6,
    take: (entry, text) => takeDuration(entry, text, 1e3),
  }),
  DOWNSTREAM_REMOTE_ADDRESS: () => ({
    take: (entry, text) => (entry.client = text.replace(/:\d+$/, "")),
  }),
  DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT: () => ({
    take: (entry, text) => (isNothing(text) ? undefined : (entry.client = text)),
  }),
  CONNECTION_ID: () => ({
    take: (entry, text) => (isNothing(text) ? undefined : (entry.connection = text)),
  }),
};

/** The placeholder of an operator, with its argument in brackets. */
export function envoyField(label: string, operator: string, argument: string): LogField {
  const known = Object.hasOwn(OPERATORS, operator) ? OPERATORS[operator]!(argument) : {};
  return { label, ...known };
}

/**
 * Compiles a text format of Envoy's access log. Arrivals are `%START_TIME%`, the begin.
 * See https://www.envoyproxy.io/docs/envoy/latest/configuration/observability/access_log/usage.
 * @throws USAGE when it does not say when requests came, or what they were.
 */
export function envoyLayout(source: string): LogLayout {
  const format = source.replace(/(?:\\n|\n)$/, "");
  const pieces: LayoutPiece[] = [];
  const token = /%([A-Z][A-Z0-9_]*)(?:\(([^)]*)\))?(?::\d+)?%|[^]/g;
  for (const [whole, operator, argument = ""] of format.matchAll(token)) {
    pieces.push(operator === undefined ? whole : envoyField(whole, operator, argument));
  }
  return compileLayout(pieces, { source: format, hint: HINT });
}

const HEAD =
  '[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" %RESPONSE_CODE% %RESPONSE_FLAGS% ';
const TAIL =
  '%BYTES_RECEIVED% %BYTES_SENT% %DURATION% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% "%REQ(X-FORWARDED-FOR)%" ' +
  '"%REQ(USER-AGENT)%" "%REQ(X-REQUEST-ID)%" "%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%"';

/** What Envoy writes unless told otherwise. */
export const ENVOY_DEFAULT = HEAD + TAIL;

/** What Istio's proxies write unless told otherwise. */
export const ENVOY_ISTIO =
  `${HEAD}%RESPONSE_CODE_DETAILS% %CONNECTION_TERMINATION_DETAILS% "%UPSTREAM_TRANSPORT_FAILURE_REASON%" ${TAIL} ` +
  "%UPSTREAM_CLUSTER% %UPSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_REMOTE_ADDRESS% " +
  "%REQUESTED_SERVER_NAME% %ROUTE_NAME%";
