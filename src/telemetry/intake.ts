import { seqOfTraceparent } from "../core/index.ts";
import type { OtlpMessage, OtlpPoint, OtlpSpan } from "../otlp/index.ts";
import { CLOCK_OFF_NS, INTAKE_LIMITS } from "./limits.ts";
import {
  type InsideSpan,
  type IntakeAccount,
  type PointLine,
  telemetryLine,
  type TelemetryLine,
} from "./telemetry-log.ts";

/** Why something was not taken. */
export type Refusal =
  | "not OTLP"
  | "damaged"
  | "body too large"
  | "too many requests"
  | "too many series"
  | "too many points"
  | "too many spans"
  | "log full"
  | "could not be written";

/** What of a message was not taken: for the answer. */
export interface Rejected {
  readonly count: number;
  readonly because: string;
}

export interface IntakeInput {
  readonly arm: number;
  readonly runId: string;
  /** Nanoseconds since 1970 at the origin of the receiver's clock. */
  readonly originUnixNs: bigint;
  /** Ids of series are the log's. */
  readonly nextId: () => number;
  /** Whether it could be written. */
  readonly write: (text: string) => boolean;
}

const cut = (text: string): string => text.slice(0, INTAKE_LIMITS.textChars);

function kept(attributes: ReadonlyMap<string, string>): Record<string, string> {
  const entries = [...attributes].toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(
    entries.slice(0, INTAKE_LIMITS.attributes).map(([key, value]) => [cut(key), cut(value)]),
  );
}

/** Which process of an arm sent it: several may tell the same series. */
function senderOf(resource: ReadonlyMap<string, string>): string {
  const parts = ["service.name", "service.instance.id", "process.pid"].map((name) =>
    resource.get(name),
  );
  return cut(parts.filter((part) => part !== undefined).join(" "));
}

const portIn = (text: string | undefined): number | undefined => {
  const number = Number(text);
  return Number.isInteger(number) && number >= 1 && number <= 65_535 ? number : undefined;
};

function urlPort(text: string | undefined): number | undefined {
  return text !== undefined && URL.canParse(text) ? portIn(new URL(text).port) : undefined;
}

/** What one arm sends, in the log's lines, as much of it as is allowed. */
export class Intake {
  readonly #input: IntakeInput;
  readonly #series = new Map<string, number>();
  readonly #refused = new Map<Refusal, number>();
  #requests = 0;
  #points = 0;
  #spans = 0;
  #bytes = 0;

  constructor(input: IntakeInput) {
    this.#input = input;
  }

  get account(): IntakeAccount {
    const refused = Object.fromEntries(this.#refused);
    return { requests: this.#requests, points: this.#points, spans: this.#spans, refused };
  }

  countRequest(): void {
    this.#requests++;
  }

  refuse(reason: Refusal, times = 1): void {
    this.#refused.set(reason, (this.#refused.get(reason) ?? 0) + times);
  }

  /** `nowNs`: when it came, on the receiver's clock. */
  takePoints({ damaged, items }: OtlpMessage<OtlpPoint>, nowNs: number): Rejected {
    const tally = new Map<Refusal, number>();
    for (const { item, resource } of items) {
      const id = this.#idOf(item, senderOf(resource));
      count(tally, id === null ? "too many series" : this.#point(item, id, nowNs));
    }
    return this.#rejected(tally, damaged);
  }

  /** Spans of requests and calls; others are nobody's here, and no fault either. */
  takeSpans({ damaged, items }: OtlpMessage<OtlpSpan>, nowNs: number): Rejected {
    const tally = new Map<Refusal, number>();
    for (const { item } of items) {
      if (item.kind !== "OTHER") count(tally, this.#span(item, nowNs));
    }
    return this.#rejected(tally, damaged);
  }

  #rejected(tally: Map<Refusal, number>, damaged: number): Rejected {
    if (damaged > 0) tally.set("damaged", damaged);
    for (const [reason, times] of tally) this.refuse(reason, times);
    const times = [...tally.values()].reduce((sum, each) => sum + each, 0);
    return { count: times, because: [...tally.keys()].join(", ") };
  }

  #idOf(point: OtlpPoint, sender: string): number | null {
    const { delta, kind: type, monotonic } = point;
    const attributes = kept(point.attributes);
    const [name, unit] = [cut(point.name), cut(point.unit)];
    const key = JSON.stringify([name, unit, type, delta, monotonic, attributes, sender]);
    const known = this.#series.get(key);
    if (known !== undefined) return known;
    if (this.#series.size >= INTAKE_LIMITS.series) return null;
    const id = this.#input.nextId();
    const about = { arm: this.#input.arm, name, unit, type, monotonic, delta };
    if (this.#write({ kind: "series", id, ...about, attributes, sender }) !== null) return null;
    this.#series.set(key, id);
    return id;
  }

  #point({ startNs, timeNs, value }: OtlpPoint, id: number, nowNs: number): Refusal | null {
    if (this.#points >= INTAKE_LIMITS.points) return "too many points";
    const at = this.#atNs(timeNs);
    const believed = at !== undefined && Math.abs(at - nowNs) <= CLOCK_OFF_NS;
    const from = believed ? this.#atNs(startNs) : undefined;
    const line: PointLine = {
      kind: "point",
      id,
      atNs: believed ? at : nowNs,
      ...(from === undefined ? {} : { fromNs: from }),
      value:
        typeof value === "number"
          ? value
          : { ...value, bounds: [...value.bounds], counts: [...value.counts] },
    };
    const refused = this.#write(line);
    if (refused === null) this.#points++;
    return refused;
  }

  #span(span: OtlpSpan, nowNs: number): Refusal | null {
    const { attributes, durationNs, failed, kind, traceId } = span;
    const startNs = this.#atNs(span.startNs);
    if (kind === "OTHER" || startNs === undefined || durationNs === undefined) return "damaged";
    if (Math.abs(startNs - nowNs) > CLOCK_OFF_NS) return "damaged";
    if (this.#spans >= INTAKE_LIMITS.spans) return "too many spans";
    const number = (...names: readonly string[]): number =>
      Number(names.map((name) => attributes.get(name)).find((text) => text !== undefined));
    const status = number("http.response.status_code", "http.status_code");
    const resends = number("http.request.resend_count", "http.resend_count");
    const at = portIn(attributes.get("server.port") ?? attributes.get("net.peer.port"));
    const port = at ?? urlPort(attributes.get("url.full") ?? attributes.get("http.url"));
    const peer = attributes.get("peer.service") ?? attributes.get("service.peer.name");
    const line: InsideSpan = {
      kind: "span",
      arm: this.#input.arm,
      side: kind,
      seq: seqOfTraceparent(this.#input.runId, `00-${traceId ?? ""}-${"1".repeat(16)}-01`),
      startNs,
      durationNs: Number(durationNs),
      ...(kind === "CLIENT" && port !== undefined ? { port } : {}),
      ...(kind === "CLIENT" && peer !== undefined ? { peer: cut(peer) } : {}),
      ...(Number.isInteger(status) ? { status } : {}),
      failed,
      resends: Number.isInteger(resends) && resends > 0 ? resends : 0,
    };
    const refused = this.#write(line);
    if (refused === null) this.#spans++;
    return refused;
  }

  #atNs(unixNs: bigint | undefined): number | undefined {
    return unixNs === undefined ? undefined : Number(unixNs - this.#input.originUnixNs);
  }

  #write(line: TelemetryLine): Refusal | null {
    const text = telemetryLine(line);
    if (this.#bytes + text.length > INTAKE_LIMITS.logBytes) return "log full";
    if (!this.#input.write(text)) return "could not be written";
    this.#bytes += text.length;
    return null;
  }
}

function count(tally: Map<Refusal, number>, reason: Refusal | null): void {
  if (reason !== null) tally.set(reason, (tally.get(reason) ?? 0) + 1);
}
