/** Access logs of web servers, proxies and load balancers: formats known by name, or compiled. */
import { ShakedownError } from "../../core/index.ts";
import { accessLogFormat } from "../access-log.ts";
import type { CaptureFormat } from "../format.ts";
import { Unusable } from "../http-message.ts";
import { albFormat } from "./alb.ts";
import { apacheLayout } from "./apache.ts";
import { cloudfrontFormat } from "./cloudfront.ts";
import { requestOf } from "./entry.ts";
import { ENVOY_DEFAULT, ENVOY_ISTIO, envoyLayout } from "./envoy.ts";
import { haproxyFormat } from "./haproxy.ts";
import { envoyJsonFormat, nginxJsonFormat, nginxJsonSecondsFormat } from "./json.ts";
import type { LogLayout } from "./layout.ts";
import { firstLines, readLines, unwrapped } from "./lines.ts";
import { INGRESS_NGINX, nginxLayout } from "./nginx.ts";

type Named = Pick<CaptureFormat, "name" | "description">;
type Unwrap = (line: string) => string;
const asItIs: Unwrap = (line) => line;

const ENDS_ONLY =
  "the log does not say how long requests took: what is taken for arrivals are the times of " +
  "completion. Log $request_time (nginx) or %D (Apache) too";

function layoutFormat(about: Named, layout: LogLayout, unwrap: Unwrap = asItIs): CaptureFormat {
  const requestIn = (line: string, place: string) => requestOf(layout.read(unwrap(line)), place);
  const fits = (line: string): boolean => {
    try {
      requestIn(line, "");
      return true;
    } catch (thrown) {
      if (thrown instanceof Unusable) return false;
      throw thrown;
    }
  };
  return {
    ...about,
    timePrecisionNs: layout.timePrecisionNs,
    sniff: (head) => firstLines(head).some(fits),
    async *read(file) {
      if (layout.endsOnly) yield { kind: "warning", text: `${file.name}: ${ENDS_ONLY}` };
      yield* readLines(file, requestIn);
    },
  };
}

/** The access logs that are recognised by their content, the most particular first. */
export const LOG_FORMATS: readonly CaptureFormat[] = [
  albFormat,
  cloudfrontFormat,
  haproxyFormat,
  layoutFormat(
    { name: "ingress-nginx", description: "access log of Kubernetes' ingress-nginx" },
    nginxLayout(INGRESS_NGINX),
    unwrapped,
  ),
  layoutFormat(
    { name: "envoy", description: "Envoy access log in its default format" },
    envoyLayout(ENVOY_DEFAULT),
    unwrapped,
  ),
  layoutFormat(
    { name: "istio", description: "Istio access log in its default format" },
    envoyLayout(ENVOY_ISTIO),
    unwrapped,
  ),
  envoyJsonFormat,
  nginxJsonFormat,
  nginxJsonSecondsFormat,
  accessLogFormat,
];

/** Names for what may be one of several formats. */
const FAMILIES: Readonly<Record<string, readonly CaptureFormat[]>> = {
  combined: [accessLogFormat],
  common: [accessLogFormat],
  json: [nginxJsonFormat, nginxJsonSecondsFormat, envoyJsonFormat],
};

/** What `--log-format` may name. */
export const LOG_FORMAT_NAMES: readonly string[] = [
  ...LOG_FORMATS.map(({ name }) => name),
  ...Object.keys(FAMILIES),
];

/** The format that was asked for, for a file that begins so; or where that file departs from it. */
export type GivenLogFormat = (
  head: Buffer,
) => { readonly format: CaptureFormat } | { readonly departure: string };

const familyOf = (name: string): readonly CaptureFormat[] =>
  Object.hasOwn(FAMILIES, name)
    ? FAMILIES[name]!
    : LOG_FORMATS.filter((format) => format.name === name);

function layoutOf(source: string): LogLayout {
  if (/\$\{?[a-z]/i.test(source)) return nginxLayout(source);
  // Envoy's operators are words between two percent signs; Apache's directives have one.
  if (/%[A-Z][A-Z_]+(?:\([^)]*\))?%/.test(source)) return envoyLayout(source);
  if (source.includes("%")) return apacheLayout(source);
  throw new ShakedownError("USAGE", `no log format is called ${JSON.stringify(source)}`, {
    hint: `name ${LOG_FORMAT_NAMES.join(", ")}, or give nginx's, Apache's or Envoy's own string`,
  });
}

/**
 * The log format that a name or a string stands for; nginx's strings have `$`, Apache's `%`, and
 * Envoy's `%WORDS%`.
 * @throws USAGE for a name that is not known, and a string that does not say when or what.
 */
export function logFormatOf(source: string): GivenLogFormat {
  const family = familyOf(source);
  if (family.length > 0) {
    return (head) => {
      const format = family.find((one) => one.sniff(head, ""));
      const departure = `none of its first lines is: ${family[0]!.description}`;
      return format === undefined ? { departure } : { format };
    };
  }
  const layout = layoutOf(source);
  const format = layoutFormat({ name: "log-format", description: "the given log format" }, layout);
  return (head) => {
    const departures = firstLines(head).map((line) => layout.departure(line));
    if (departures.includes(undefined)) return { format };
    const [first] = departures;
    return { departure: first === undefined ? "it has no line" : `in its first line, ${first}` };
  };
}
