import { NS_PER_US } from "../../core/index.ts";
import type { ProfileRecord } from "../record.ts";
import { sessionOf } from "../in-record/session-of.ts";
import { Quantiles } from "./quantiles.ts";
import type { Makeup } from "./schema.ts";

interface Session {
  requests: number;
  readonly firstNs: number;
  lastNs: number;
  /** When all earlier requests were over, as far as that is known; that of the last is. */
  endNs: number | null;
}

const endOf = ({ offsetNs, serviceTimeUs }: ProfileRecord): number | null =>
  serviceTimeUs === undefined ? null : offsetNs + serviceTimeUs * NS_PER_US;

/** The most intervals, ends included, that any one moment lies in. */
function mostAtOnce(sessions: readonly Session[]): number {
  const starts = Float64Array.from(sessions, ({ firstNs }) => firstNs).toSorted();
  const ends = Float64Array.from(sessions, ({ lastNs }) => lastNs).toSorted();
  let [ended, most] = [0, 0];
  for (const [begun, startNs] of starts.entries()) {
    while (ends[ended]! < startNs) ended++;
    most = Math.max(most, begun + 1 - ended);
  }
  return most;
}

/** Who asks, and with what pauses. Takes about 200 bytes for each session. */
export class Sessions {
  readonly #sessions = new Map<string, Session>();
  readonly thinkTimesUs = new Quantiles();
  #records = 0;
  #fromEnd = 0;
  #parallel = 0;

  add(record: ProfileRecord): void {
    this.#records++;
    const name = sessionOf(record);
    if (name === null) return;
    const { offsetNs } = record;
    const session = this.#sessions.get(name);
    if (session === undefined) {
      const begun = { requests: 1, firstNs: offsetNs, lastNs: offsetNs, endNs: endOf(record) };
      this.#sessions.set(name, begun);
      return;
    }
    this.#think(session, offsetNs);
    const endNs = endOf(record);
    session.endNs = endNs === null ? null : Math.max(endNs, session.endNs ?? 0);
    session.lastNs = offsetNs;
    session.requests++;
  }

  #think(session: Session, arrivalNs: number): void {
    const { endNs, lastNs } = session;
    if (endNs !== null && endNs > arrivalNs) {
      this.#parallel++;
      return;
    }
    if (endNs !== null) this.#fromEnd++;
    this.thinkTimesUs.record((arrivalNs - (endNs ?? lastNs)) / NS_PER_US);
  }

  /** Requests in each session; and, of those with two and more, from the first to the last. */
  sizes(): { readonly requests: Quantiles; readonly lengthsUs: Quantiles } {
    const [requests, lengthsUs] = [new Quantiles(), new Quantiles()];
    for (const session of this.#sessions.values()) {
      requests.record(session.requests);
      if (session.requests > 1) {
        lengthsUs.record((session.lastNs - session.firstNs) / NS_PER_US);
      }
    }
    return { requests, lengthsUs };
  }

  figures(): Pick<Makeup, "sessionCount" | "sessions"> {
    const sessions = [...this.#sessions.values()];
    if (sessions.length === 0) return { sessionCount: 0, sessions: null };
    const { lengthsUs, requests } = this.sizes();
    const within = sessions.reduce((sum, one) => sum + one.requests, 0);
    const later = within - sessions.length;
    return {
      sessionCount: sessions.length,
      sessions: {
        share: within / this.#records,
        requests: requests.summary()!,
        lengthUs: lengthsUs.summary(),
        thinkTimeUs: this.thinkTimesUs.summary(),
        thinkFromEndShare:
          this.thinkTimesUs.count === 0 ? 0 : this.#fromEnd / this.thinkTimesUs.count,
        parallelShare: later === 0 ? 0 : this.#parallel / later,
        concurrentMax: mostAtOnce(sessions),
      },
    };
  }
}
