import { type CapturedRequest, type CaptureFormat } from "./format.ts";
import { targetOf } from "./http-fields.ts";
import { parseRequestLine, Unusable } from "./http-message.ts";
import { readLines } from "./log/lines.ts";
import { clfTime, type Moment, momentNs } from "./log/moment.ts";

/** Methods whose requests hardly ever come without a body, which a log does not hold. */
const WITH_BODY = new Set(["POST", "PUT", "PATCH"]);

const stamp = clfTime();

function stampNs(text: string): bigint {
  const moment: Moment = {};
  stamp.read(text, moment);
  return momentNs(moment)!;
}

/** Undoes `\"`, `\\` and `\xHH`, the escapes of Apache and nginx. */
function unescaped(text: string): string {
  if (!text.includes("\\")) return text;
  return text.replace(/\\(?:x([0-9a-f]{2})|([^]))/gi, (_all, hex?: string, char?: string) =>
    hex === undefined ? (char ?? "") : String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

/** The quoted text that begins at `at` (a quote), and where it ends. */
function quoted(line: string, at: number): { text: string; end: number } {
  let end = at + 1;
  for (; line[end] !== '"'; end++) {
    if (end >= line.length) throw new Unusable("unterminated quote");
    if (line[end] === "\\") end++;
  }
  return { text: unescaped(line.slice(at + 1, end)), end: end + 1 };
}

/** The fields after the time: quoted texts and words. */
function fieldsAfter(line: string, from: number): string[] {
  const fields: string[] = [];
  for (let at = from; at < line.length;) {
    if (line[at] === " ") {
      at++;
    } else if (line[at] === '"') {
      const { text, end } = quoted(line, at);
      fields.push(text);
      at = end;
    } else {
      const space = line.indexOf(" ", at);
      const end = space === -1 ? line.length : space;
      fields.push(line.slice(at, end));
      at = end;
    }
  }
  return fields;
}

function requestOf(line: string, place: string): CapturedRequest {
  const open = line.indexOf(" [");
  const close = line.indexOf("] ", open);
  if (open === -1 || close === -1) throw new Unusable("there is no [time]");
  // `host:port client ident user` when the log is of many virtual hosts.
  const who = line.slice(0, open).split(" ");
  const vhost = who.length === 4 && /^[\w.-]+:\d+$/.test(who[0]!) ? who[0] : undefined;
  const arrivalNs = stampNs(line.slice(open + 2, close));
  const [request = "", status = "", , referer, agent] = fieldsAfter(line, close + 2);
  if (request === "-" || request === "") throw new Unusable("no request was read");
  if (!/^\d{3}$/.test(status)) throw new Unusable("the status is not a number of three digits");
  const { method, target } = parseRequestLine(request);
  const found = targetOf(target);
  if (found === undefined) throw new Unusable("the request target is not a path");
  const headers: [string, string][] = [];
  if (agent !== undefined && agent !== "-") headers.push(["user-agent", agent]);
  if (referer !== undefined && referer !== "-") headers.push(["referer", referer]);
  return {
    place,
    arrivalNs,
    method,
    path: found.path,
    host: found.host ?? vhost?.toLowerCase(),
    headers,
    bodyLost: WITH_BODY.has(method),
    status: Number(status),
    client: vhost === undefined ? who[0] : who[1],
  };
}

/**
 * Apache's and nginx's common and combined logs, also with a virtual host in front; further fields
 * are ignored. Stamps are whole seconds: of the request's begin in Apache, of its end in nginx.
 */
export const accessLogFormat: CaptureFormat = {
  name: "access-log",
  description: "common or combined access log of Apache or nginx",
  timePrecisionNs: 1e9,

  sniff(head) {
    const lines = head.toString("latin1").split("\n").slice(0, 20);
    return lines.some((line) =>
      /^\S+ .*\[\d\d\/[A-Z][a-z]{2}\/\d{4}:[\d:]{8} [+-]\d{4}\] "/.test(line),
    );
  },

  read: (file) => readLines(file, requestOf),
};
