import { formatCount } from "../../core/index.ts";
import type { CapturedCall, CapturedRequest, CaptureItem } from "../format.ts";
import { Unusable } from "../http-message.ts";
import { callOf, isTimed } from "./call.ts";
import type { Span } from "./span.ts";

/** Methods whose requests hardly ever come without a body, which a trace does not hold. */
const WITH_BODY = new Set(["POST", "PUT", "PATCH"]);
/** Spans that share an id: two in Zipkin (caller and called), a few where messages fan out. */
const SHARING_MAX = 32;
const SERVICES_SHOWN_MAX = 8;

/** The spans of a file, by id; several share one in Zipkin. */
class SpanTree {
  readonly #byKey = new Map<string, Span[]>();

  constructor(spans: readonly Span[]) {
    for (const span of spans) {
      const sharing = this.#byKey.get(span.key);
      if (sharing === undefined) this.#byKey.set(span.key, [span]);
      else if (sharing.length < SHARING_MAX) sharing.push(span);
    }
  }

  /**
   * The span above one: for a SERVER span the CLIENT span of the same id, where there is one; else
   * of those with the parent's id the one of the same service, or the called one.
   */
  parentOf(span: Span): Span | undefined {
    if (span.kind === "SERVER") {
      const caller = this.#byKey.get(span.key)?.find(({ kind }) => kind === "CLIENT");
      if (caller !== undefined) return caller;
    }
    if (span.parentKey === undefined) return undefined;
    const above = (this.#byKey.get(span.parentKey) ?? []).filter((one) => one !== span);
    const own = above.filter(({ service }) => service === span.service);
    const called = (own.length > 0 ? own : above).find(({ kind }) => kind === "SERVER");
    return called ?? own[0] ?? above[0];
  }
}

/** Finds the nearest span above another that fulfils a condition; loops in damaged traces end. */
class Above {
  readonly #tree: SpanTree;
  readonly #wanted: (span: Span) => boolean;
  readonly #known = new Map<Span, Span | undefined>();

  constructor(tree: SpanTree, wanted: (span: Span) => boolean) {
    this.#tree = tree;
    this.#wanted = wanted;
  }

  of(span: Span): Span | undefined {
    const way = new Set<Span>();
    let at: Span | undefined = span;
    let found: Span | undefined;
    while (at !== undefined && !way.has(at)) {
      if (this.#known.has(at)) {
        found = this.#known.get(at);
        break;
      }
      way.add(at);
      at = this.#tree.parentOf(at);
      if (at !== undefined && this.#wanted(at)) {
        found = at;
        break;
      }
    }
    for (const passed of way) this.#known.set(passed, found);
    return found;
  }
}

/** How often each of them is there, most often first; equal ones by name. */
function ranked(names: Iterable<string>): [name: string, count: number][] {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].toSorted((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
}

/** What became of the CLIENT spans: each is counted once. */
interface CallCounts {
  joined: number;
  foreign: number;
  untimed: number;
  outer: number;
  orphaned: number;
}

/** A service's calls, by the request that made them, and what became of all CLIENT spans. */
function callsOf(spans: readonly Span[], tree: SpanTree, service: string) {
  const servers = new Above(tree, ({ kind }) => kind === "SERVER");
  const enclosing = new Above(tree, ({ kind }) => kind !== "OTHER");
  const called = new Map<Span, string>();
  const outer = new Set<Span>();
  for (const span of spans) {
    const above = span.kind === "SERVER" ? tree.parentOf(span) : undefined;
    if (above?.kind === "CLIENT") called.set(above, span.service);
    if (span.kind !== "CLIENT" || !isTimed(span)) continue;
    const around = enclosing.of(span);
    if (around?.kind === "CLIENT" && around.service === span.service) outer.add(around);
  }
  const calls = new Map<Span, CapturedCall[]>();
  const counts: CallCounts = { joined: 0, foreign: 0, untimed: 0, outer: 0, orphaned: 0 };
  for (const span of spans) {
    if (span.kind !== "CLIENT") continue;
    const owner = servers.of(span);
    if (span.service !== service) counts.foreign++;
    else if (!isTimed(span)) counts.untimed++;
    else if (outer.has(span)) counts.outer++;
    else if (owner?.service !== service) counts.orphaned++;
    else {
      counts.joined++;
      const own = calls.get(owner) ?? [];
      calls.set(owner, own);
      own.push(callOf(span, { called: called.get(span), owner }));
    }
  }
  return { calls, counts };
}

/** @throws Unusable when it tells too little to be sent again. */
function requestOf(span: Span, calls: readonly CapturedCall[] | undefined): CapturedRequest {
  const { startNs, method, path, durationNs, host, status, userAgent, client, place } = span;
  if (startNs === undefined) throw new Unusable("the SERVER span has no start time");
  if (method === undefined) throw new Unusable("the SERVER span tells no HTTP method");
  if (path === undefined) {
    throw new Unusable(
      span.route === undefined
        ? "the SERVER span tells no HTTP path"
        : "the SERVER span tells a route, but not the path",
    );
  }
  return {
    place,
    arrivalNs: startNs,
    method,
    path,
    host,
    headers: userAgent === undefined ? [] : [["user-agent", userAgent]],
    bodyLost: WITH_BODY.has(method),
    status,
    serviceTimeUs: durationNs === undefined ? undefined : Number(durationNs) / 1e3,
    responseBytes: span.responseBytes,
    client,
    ...(calls === undefined ? {} : { calls }),
  };
}

const spelled = (span: Span): string =>
  [span.key, span.parentKey, span.kind, span.service, span.startNs, span.durationNs].join("\0");

/** The service that is asked from outside most often: no request of another is above it. */
function entryService(servers: readonly Span[], tree: SpanTree): string | undefined {
  const above = new Above(tree, ({ kind }) => kind === "SERVER");
  const edge = servers.filter((span) => above.of(span) === undefined);
  return ranked((edge.length > 0 ? edge : servers).map(({ service }) => service))[0]?.[0];
}

function accountOf(spans: readonly Span[], service: string, counts: CallCounts): string {
  const kinds = new Map(ranked(spans.map(({ kind }) => kind)));
  const parts: [number, string][] = [
    [counts.joined, "are dependency calls of its requests"],
    [counts.foreign, "are calls of other services"],
    [counts.untimed, "have no time or no duration"],
    [counts.outer, "enclose the call itself"],
    [counts.orphaned, "belong to no request of it"],
  ];
  const clients = parts
    .filter(([count]) => count > 0)
    .map(([count, what]) => `${formatCount(count)} ${what}`)
    .join(", ");
  const [servers, clientCount, others] = (["SERVER", "CLIENT", "OTHER"] as const).map(
    (kind) => kinds.get(kind) ?? 0,
  ) as [number, number, number];
  const told = clients === "" ? "" : ` (${clients})`;
  return `${formatCount(spans.length)} spans: ${formatCount(servers)} SERVER, ${formatCount(clientCount)} CLIENT${told}, ${formatCount(others)} of other kinds; requests are those to ${service}`;
}

/** The SERVER spans that are there once each, and an item for each that is there again. */
function distinct(spans: readonly Span[]): { kept: Span[]; again: Span[] } {
  const seen = new Set<string>();
  const [kept, again]: [Span[], Span[]] = [[], []];
  for (const span of spans) {
    const text = spelled(span);
    (seen.has(text) ? again : kept).push(span);
    seen.add(text);
  }
  return { kept, again };
}

/**
 * The requests to one service that a file's spans tell of, each with the calls that it made: its
 * SERVER spans, and the CLIENT spans below them that are its own. A CLIENT span around another of
 * the same service (an SDK's around its HTTP request) is no call of its own. SERVER spans of other
 * services are filtered.
 * @param wanted the service; undefined: the one that is asked from outside most often
 */
export function* assemble(
  spans: readonly Span[],
  { fileName, wanted }: { fileName: string; wanted: string | undefined },
): Generator<CaptureItem> {
  const { kept, again } = distinct(spans);
  const warning = (text: string): CaptureItem => ({
    kind: "warning",
    text: `${fileName}: ${text}`,
  });
  const tree = new SpanTree(kept);
  const servers = kept.filter(({ kind }) => kind === "SERVER");
  const service = wanted ?? entryService(servers, tree);
  if (service === undefined) {
    yield warning(
      `${formatCount(spans.length)} spans, none of kind SERVER: the trace tells of no request that came in`,
    );
    return;
  }
  const { calls, counts } = callsOf(kept, tree, service);
  for (const { kind, place } of again) {
    if (kind === "SERVER") yield { kind: "rejected", place, reason: "the span is there twice" };
  }
  for (const span of servers) {
    if (span.service === service) yield itemOf(span, calls.get(span));
    else yield { kind: "filtered" };
  }
  yield warning(accountOf(kept, service, counts));
  const others = ranked(servers.map((span) => span.service)).filter(([name]) => name !== service);
  if (others.length > 0) {
    const names = others
      .slice(0, SERVICES_SHOWN_MAX)
      .map(([name, n]) => `${name} ${formatCount(n)}`);
    const more = others.length > SERVICES_SHOWN_MAX ? ", …" : "";
    yield warning(
      `other services were asked, too; --service names one: ${names.join(", ")}${more}`,
    );
  }
}

function itemOf(span: Span, calls: readonly CapturedCall[] | undefined): CaptureItem {
  try {
    return { kind: "request", request: requestOf(span, calls) };
  } catch (thrown) {
    if (!(thrown instanceof Unusable)) throw thrown;
    return { kind: "rejected", place: span.place, reason: thrown.message };
  }
}
