import { ShakedownError } from "../../core/index.ts";
import {
  isNothing,
  type LogEntry,
  takeDuration,
  takeHeader,
  takeResponseBytes,
  takeSentBytes,
  takeStatus,
} from "./entry.ts";
import { compileLayout, type LayoutPiece, type LogField, type LogLayout } from "./layout.ts";
import { clfTime, epochTime, isoTime } from "./moment.ts";

type Take = NonNullable<LogField["take"]>;

const HINT =
  "it needs $request (or $request_method and $request_uri), a time ($msec, $time_local or " +
  "$time_iso8601), and $request_time to know when requests began";

/** A setter for a text that may be nothing. */
const text =
  (key: "client" | "connection" | "host" | "serverName" | "port" | "method"): Take =>
  (entry, value) => {
    if (!isNothing(value)) entry[key] = value;
  };

function bodyBytes(entry: LogEntry, value: string): void {
  if (/^\d+$/.test(value)) entry.bodyBytes = Number(value);
}

function status(entry: LogEntry, value: string): void {
  takeStatus(entry, value);
  // nginx's own code for a client that closed the connection first.
  if (value === "499") entry.isCensored = true;
}

/** The variables that say something about a request; nginx stamps its end. */
const VARIABLES: Readonly<Record<string, () => Omit<LogField, "label">>> = {
  remote_addr: () => ({ take: text("client") }),
  connection: () => ({ take: text("connection") }),
  request: () => ({ gives: "requestLine", take: (entry, value) => (entry.requestLine = value) }),
  request_method: () => ({ gives: "method", take: text("method") }),
  request_uri: () => ({
    gives: "target",
    opensWith: "/",
    take: (entry, value) => (entry.target = value),
  }),
  uri: () => ({ gives: "path", opensWith: "/", take: (entry, value) => (entry.path = value) }),
  args: () => ({ take: (entry, value) => (entry.query = value) }),
  is_args$args: () => ({ opensWith: "?", take: (entry, value) => (entry.query = value) }),
  is_args: () => ({ opensWith: "?" }),
  host: () => ({ take: (entry, value) => (isNothing(value) ? undefined : (entry.host ??= value)) }),
  http_host: () => ({ take: text("host") }),
  server_name: () => ({ take: text("serverName") }),
  server_port: () => ({ take: text("port") }),
  content_length: () => ({ take: bodyBytes }),
  http_content_length: () => ({ take: bodyBytes }),
  content_type: () => ({ take: (entry, value) => takeHeader(entry, "content-type", value) }),
  status: () => ({ take: status }),
  body_bytes_sent: () => ({ take: takeResponseBytes }),
  bytes_sent: () => ({ take: takeSentBytes }),
  request_time: () => ({
    gives: "duration",
    precisionNs: 1e6,
    take: (entry, value) => takeDuration(entry, value, 1e6),
  }),
  msec: () => ({ time: { at: "end", reader: epochTime(1e9, 1e6) } }),
  time_local: () => ({ time: { at: "end", reader: clfTime() } }),
  time_iso8601: () => ({ time: { at: "end", reader: isoTime(1e9) } }),
};
const SAME: Readonly<Record<string, string>> = {
  document_uri: "uri",
  query_string: "args",
  realip_remote_addr: "",
};

/** The placeholder of a variable; one that a profile has no use for is read over. */
export function nginxField(name: string): LogField {
  const label = `$${name}`;
  const known = VARIABLES[SAME[name] ?? name];
  if (known !== undefined && Object.hasOwn(VARIABLES, SAME[name] ?? name)) {
    return { label, ...known() };
  }
  if (name.startsWith("upstream_")) return { label, isList: true };
  if (name.startsWith("http_")) {
    const header = name.slice(5).replaceAll("_", "-");
    return { label, take: (entry, value) => takeHeader(entry, header, value) };
  }
  if (!name.startsWith("cookie_")) return { label };
  const cookie = name.slice(7);
  return {
    label,
    take: (entry, value) => {
      if (!isNothing(value)) entry.cookies.push(`${cookie}=${value}`);
    },
  };
}

const hexUnescaped = (value: string): string =>
  value.replace(/\\x([0-9a-f]{2})/gi, (_all, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );

const JSON_LETTERS: Readonly<Record<string, string>> = {
  n: "\n",
  r: "\r",
  t: "\t",
  b: "\b",
  f: "\f",
};
const jsonUnescaped = (value: string): string =>
  value.replace(/\\(?:u([0-9a-f]{4})|([^]))/gi, (_all, hex?: string, char = "") =>
    hex === undefined
      ? (JSON_LETTERS[char] ?? char)
      : String.fromCharCode(Number.parseInt(hex, 16)),
  );

const ESCAPES: Readonly<Record<string, ((value: string) => string) | undefined>> = {
  default: hexUnescaped,
  json: jsonUnescaped,
  none: undefined,
};

/** Takes `log_format name escape=json '…' '…';` apart; a bare string is the format itself. */
function directiveOf(source: string): { escape: string; format: string } {
  const match = /^\s*(?:log_format\s+\S+\s+)?(?:escape=(\w+)\s+)?([^]*)$/.exec(source);
  const [, escape = "default", rest = ""] = match ?? [];
  const quoted = /^'[^']*'(?:\s*'[^']*')*\s*;?\s*$/.test(rest);
  const format = quoted ? [...rest.matchAll(/'([^']*)'/g)].map(([, one]) => one).join("") : rest;
  if (!Object.hasOwn(ESCAPES, escape)) {
    throw new ShakedownError("USAGE", `the log format has escape=${escape}`, {
      hint: "nginx knows escape=default, escape=json and escape=none",
    });
  }
  return { escape, format };
}

/**
 * Compiles a string of nginx's `log_format`, or the whole directive; `escape=json` or `escape=none`
 * may stand in front. Arrivals are ends less `$request_time`.
 * See https://nginx.org/en/docs/http/ngx_http_log_module.html.
 * @throws USAGE when it does not say when requests came, or what they were.
 */
export function nginxLayout(source: string): LogLayout {
  const { escape, format } = directiveOf(source);
  const pieces: LayoutPiece[] = [];
  const token = /\$(is_args\$args|is_args\$query_string|[a-z0-9_]+)|\$\{([a-z0-9_]+)\}|[^]/gi;
  for (const [whole, bare, braced] of format.matchAll(token)) {
    const name = (bare ?? braced)?.toLowerCase().replace("$query_string", "$args");
    pieces.push(name === undefined ? whole : nginxField(name));
  }
  return compileLayout(pieces, { source: format, unescape: ESCAPES[escape], hint: HINT });
}

export const COMBINED =
  '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent"';

/** The log of Kubernetes' ingress-nginx, as its documentation has it. */
export const INGRESS_NGINX =
  `${COMBINED} $request_length $request_time [$proxy_upstream_name] ` +
  "[$proxy_alternative_upstream_name] $upstream_addr $upstream_response_length " +
  "$upstream_response_time $upstream_status $req_id";
