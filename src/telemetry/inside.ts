import { InsideSeries } from "./inside-series.ts";
import type {
  InsideSpan,
  IntakeAccount,
  PointLine,
  SeriesLine,
  TelemetryBegin,
  TelemetryLine,
} from "./telemetry-log.ts";

/** Points that came within this time of each other are of one export. */
const EXPORT_NS = 50e6;
/** Attributes that name whom a client talks to, or the pool that it does so from. */
const NAMING = [
  "db.client.connection.pool.name",
  "pool.name",
  "server.address",
  "net.peer.name",
  "peer.service",
  "service.peer.name",
  "url.full",
] as const;
const PORTS = ["server.port", "net.peer.port", "network.peer.port"] as const;

/** What arms told of themselves, by arm, name and dependency. */
export class InsideSignals {
  readonly arms: readonly string[];
  /** What came of each arm; null where the log broke off. */
  readonly accounts: readonly IntakeAccount[] | null;
  readonly #series: readonly InsideSeries[];
  readonly #spans: readonly (readonly InsideSpan[])[];
  readonly #ports: TelemetryBegin["dependencies"];

  /** `leadNs`: how long the receiver's clock had run when the run's own began. */
  constructor(lines: readonly TelemetryLine[], leadNs: number) {
    const begin = lines.find((line) => line.kind === "begin");
    const end = lines.find((line) => line.kind === "end");
    this.arms = begin?.arms ?? [];
    this.#ports = begin?.dependencies ?? [];
    this.accounts = end?.arms ?? null;
    this.#series = seriesIn(lines, leadNs);
    this.#spans = this.arms.map((_, arm) =>
      lines.flatMap((line) =>
        line.kind === "span" && line.arm === arm
          ? [{ ...line, startNs: line.startNs - leadNs }]
          : [],
      ),
    );
  }

  /** Whether an arm told anything at all. */
  reports(arm: number): boolean {
    return this.series(arm).length > 0 || this.spans(arm).length > 0;
  }

  /** Series of an arm: of this name, with at least these attributes. */
  series(
    arm: number,
    name?: string,
    attributes: Readonly<Record<string, string>> = {},
  ): readonly InsideSeries[] {
    return this.#series.filter(
      ({ about }) =>
        about.arm === arm &&
        (name === undefined || about.name === name) &&
        Object.entries(attributes).every(([key, value]) => about.attributes[key] === value),
    );
  }

  /** Of those, the ones about a dependency: by its port, else by its name in the pool's or the peer's. */
  seriesOf(
    arm: number,
    dependency: string,
    name: string,
    attributes: Readonly<Record<string, string>> = {},
  ): readonly InsideSeries[] {
    return this.series(arm, name, attributes).filter(({ about }) =>
      this.#isAbout(arm, dependency, about.attributes),
    );
  }

  /** Spans of an arm's requests and calls. */
  spans(arm: number): readonly InsideSpan[] {
    return this.#spans[arm] ?? [];
  }

  /** Spans of an arm's calls to a dependency, by start. */
  callsTo(arm: number, dependency: string): readonly InsideSpan[] {
    const port = this.#portOf(arm, dependency);
    return this.spans(arm)
      .filter((span) => span.side === "CLIENT")
      .filter((span) => (span.port === undefined ? span.peer === dependency : span.port === port))
      .toSorted((a, b) => a.startNs - b.startNs);
  }

  #portOf(arm: number, dependency: string): number | undefined {
    return this.#ports.find((each) => each.arm === arm && each.name === dependency)?.port;
  }

  #isAbout(arm: number, dependency: string, attributes: SeriesLine["attributes"]): boolean {
    const port = this.#portOf(arm, dependency);
    const toldPort = PORTS.map((name) => attributes[name]).find((each) => each !== undefined);
    if (toldPort !== undefined) return Number(toldPort) === port;
    const names = NAMING.flatMap((name) => attributes[name]?.toLowerCase() ?? []);
    const inAddress = names.flatMap((name) => /:(\d{2,5})(?:\D|$)/.exec(name)?.[1] ?? []);
    if (inAddress.length > 0) return inAddress.some((each) => Number(each) === port);
    return names.some((name) => name.split(/[^a-z0-9_-]+/).includes(dependency));
  }
}

function seriesIn(lines: readonly TelemetryLine[], leadNs: number): InsideSeries[] {
  const abouts = new Map<number, SeriesLine>();
  const points = new Map<number, PointLine[]>();
  const exports = new Map<string, { atNs: number; beforeNs: number | null }>();
  const firstFromNs = new Map<number, number | null>();
  for (const line of lines) {
    if (line.kind === "series") abouts.set(line.id, line);
    if (line.kind !== "point") continue;
    const about = abouts.get(line.id);
    if (about === undefined) continue;
    const atNs = line.atNs - leadNs;
    const sender = `${about.arm} ${about.sender}`;
    const latest = exports.get(sender);
    if (latest === undefined || atNs > latest.atNs + EXPORT_NS) {
      exports.set(sender, { atNs, beforeNs: latest?.atNs ?? null });
    }
    const own = points.get(line.id) ?? [];
    points.set(line.id, own);
    // A series that was not there at its sender's last export began after it.
    if (own.length === 0) firstFromNs.set(line.id, exports.get(sender)!.beforeNs);
    const { fromNs, ...rest } = line;
    own.push({ ...rest, atNs, ...(fromNs === undefined ? {} : { fromNs: fromNs - leadNs }) });
  }
  return [...abouts].map(
    ([id, about]) => new InsideSeries(about, points.get(id) ?? [], firstFromNs.get(id) ?? null),
  );
}
