import {
  compactMakeup,
  DependencyCalls,
  Description,
  type Makeup,
  PROFILE_SCHEMA_VERSION,
  type ProfileLines,
  type ProfileManifest,
  type ProfileRecord,
  type ProfileSummary,
} from "../profile/index.ts";
import { DEPENDENCY_FITTERS } from "./calls.ts";
import type { Collector } from "./collect.ts";
import type { CaptureFormat } from "./format.ts";
import { ProfileLinesWriter } from "./profile-lines.ts";
import type { Redactor } from "./redact/index.ts";
import type { Spill } from "./spill/index.ts";
import { warningsOf } from "./warnings.ts";

/** Of more records than these, no makeup is told: that takes several times as long as writing them. */
const DESCRIBED_MAX = 100_000;

/** What the files told, before their records are gone through by arrival. */
export interface Imported {
  readonly source: ProfileManifest["source"];
  readonly formats: ReadonlySet<CaptureFormat>;
  readonly collector: Collector;
  readonly redactor: Redactor | undefined;
}

/** What the user says of the profile. */
interface Told {
  readonly name: string;
  readonly attribution?: string;
  readonly licence?: string;
  readonly redact: boolean;
  /** Path templates, given instead of inferred. */
  readonly routes?: readonly string[];
}

/** What is known of the records once they have gone through. */
interface Seen {
  readonly lines: ProfileLinesWriter;
  readonly makeup: Makeup | undefined;
  readonly dependencies: ProfileManifest["dependencies"];
}

function manifestOf(
  { collector, formats, redactor, source }: Imported,
  { dependencies, lines, makeup }: Seen,
  options: Told,
): ProfileManifest {
  return {
    shakedownProfile: PROFILE_SCHEMA_VERSION,
    name: options.name,
    source,
    provenance: {
      madeBy: "shakedown capture",
      ...(options.attribution === undefined ? {} : { attribution: options.attribution }),
      ...(options.licence === undefined ? {} : { licence: options.licence }),
    },
    timePrecisionNs: precisionNsOf(formats),
    startedAt: lines.startedAt,
    durationNs: lines.durationNs,
    counts: lines.counts,
    ledger: collector.book.ledger,
    redaction: { enabled: options.redact, values: redactor?.counts ?? [] },
    ...(options.routes === undefined ? {} : { givenRoutes: [...options.routes] }),
    ...(makeup === undefined ? {} : { makeup: compactMakeup(makeup) }),
    ...(dependencies === undefined ? {} : { dependencies }),
    warnings: warningsOf(collector, { formats: [...formats], redactor }),
  };
}

const precisionNsOf = (formats: ReadonlySet<CaptureFormat>): number =>
  Math.max(...[...formats].map(({ timePrecisionNs }) => timePrecisionNs));

/** The profile's lines by arrival, and what is known once they have gone through. */
export class CapturedLines implements ProfileLines {
  readonly lines: Iterable<Buffer>;
  readonly #imported: Imported;
  readonly #options: Told;
  readonly #writer: ProfileLinesWriter;
  readonly #description: Description | undefined;
  /** Fits are made from all calls at once: of each, numbers are held. */
  readonly #calls = new DependencyCalls();

  constructor(
    imported: Imported,
    { keep, spill }: { spill: Spill; keep?: (record: ProfileRecord) => void },
    options: Told,
  ) {
    const { book, callRoutes, hasCalls, routes, sessionCookies, sessions } = imported.collector;
    this.#imported = imported;
    this.#options = options;
    this.#writer = new ProfileLinesWriter(spill.arrivals(), {
      sessions,
      texts: spill.texts,
      routes,
      callRoutes,
      sessionCookie: sessionCookies.best,
    });
    this.#description = book.keptCount > DESCRIBED_MAX ? undefined : new Description();
    const isWatched = this.#description !== undefined || hasCalls || keep !== undefined;
    const watch = (record: ProfileRecord): void => {
      keep?.(record);
      this.#description?.add(record);
      if (hasCalls) this.#calls.add(record);
    };
    this.lines = this.#writer.chunks(isWatched ? watch : undefined);
  }

  manifest(): ProfileManifest {
    const { collector, formats } = this.#imported;
    const seen: Seen = {
      lines: this.#writer,
      makeup: this.#description?.makeup(precisionNsOf(formats)),
      dependencies: collector.hasCalls ? this.#calls.describe(DEPENDENCY_FITTERS) : undefined,
    };
    return manifestOf(this.#imported, seen, this.#options);
  }

  /** What the terminal shows; undefined of captures that are too long to be described in passing. */
  summaryOf(manifest: ProfileManifest): ProfileSummary | undefined {
    if (this.#description === undefined) return undefined;
    const { timePrecisionNs } = manifest;
    const { workingSet } = this.#description;
    return { manifest, ...this.#description.makeup(timePrecisionNs), workingSet };
  }
}
