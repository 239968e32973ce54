import { LRUCache } from "lru-cache";
import type { RecordStore, Rekeyer } from "../profile/index.ts";
import type { IntendedStart } from "../schedule/index.ts";
import type { Exchange } from "./exchange.ts";
import { type PrepareFor, type PreparedRequest, prepareRequest } from "./prepare.ts";
import { type SubstitutionRule, Substitutions } from "./substitute/index.ts";

/** What each start sends to one arm. */
export interface RequestSource {
  /** Makes ready what a start will send; called once, some time before `fill`. */
  prepare(planned: IntendedStart): void;
  /** Puts what a start sends on its exchange: request, session, whether the answer is wanted. */
  fill(exchange: Exchange, planned: IntendedStart): void;
  routeOf(planned: IntendedStart): number;
  /** Reads an answer that was wanted. */
  learn(exchange: Exchange): void;
}

export interface ProfileRequestsOptions {
  /** Its routes are the run's, by their indexes. */
  readonly records: RecordStore;
  readonly arm: PrepareFor;
  /** Gives clones keys of their own; null where they are sent as captured. */
  readonly rekeyer: Rekeyer | null;
  /** Whether exchanges are to carry the captured session, or connection. */
  readonly keepSessions: boolean;
  readonly substitute: readonly SubstitutionRule[];
  /** Of prepared requests that are kept, as captured and as clones each (64 MiB unless given). */
  readonly keptBytesMax?: number;
}

const KEPT_BYTES_MAX = 64 * 1_024 * 1_024;
/** What a prepared request takes beside its bytes. */
const REQUEST_BYTES = 500;
/** Its body as bytes and as text, its head as text and as headers. */
const bytesOf = (bytesOut: number): number => REQUEST_BYTES + 2 * bytesOut;

/**
 * The requests of a profile, prepared for one arm. Those of a profile that is small enough are
 * kept, each once it is asked for, and of clones those that were asked for last. Of a larger
 * profile none is kept but the one that was prepared last: it is gone through in order, so what is
 * asked for again has long been driven out, and what is kept for a while only costs collecting.
 */
export class ProfileRequests implements RequestSource {
  readonly substitutions: Substitutions | null;
  readonly #options: ProfileRequestsOptions;
  readonly #records: RecordStore;
  /** Null where they are too many to be kept. */
  readonly #originals: (PreparedRequest | undefined)[] | null;
  readonly #clones: LRUCache<number, PreparedRequest> | null;
  #aheadKey = -1;
  #ahead: PreparedRequest | undefined;

  constructor(options: ProfileRequestsOptions) {
    const { keptBytesMax = KEPT_BYTES_MAX, records, substitute } = options;
    this.#options = options;
    this.#records = records;
    const { bytes } = records.data;
    const keeps = records.length * REQUEST_BYTES + 2 * bytes <= keptBytesMax;
    this.#originals = keeps ? Array.from({ length: records.length }) : null;
    this.#clones = keeps
      ? new LRUCache({
          maxSize: keptBytesMax,
          sizeCalculation: ({ bytesOut }) => bytesOf(bytesOut),
        })
      : null;
    this.substitutions =
      substitute.length === 0 ? null : new Substitutions(substitute, records.routes);
  }

  prepare(planned: IntendedStart): void {
    this.#requestOf(planned);
  }

  fill(exchange: Exchange, planned: IntendedStart): void {
    const { keepSessions, rekeyer } = this.#options;
    const request = this.#requestOf(planned);
    exchange.request = request;
    exchange.session = null;
    exchange.wantsContent = false;
    if (!keepSessions && this.substitutions === null) return;
    const { session: captured } = request;
    const { copy } = planned;
    // A clone with keys of its own has a session of its own.
    const session =
      captured === null || copy === 0 || rekeyer !== null ? captured : `${captured}#${copy}`;
    if (keepSessions) exchange.session = session;
    if (this.substitutions === null || session === null) return;
    exchange.session = session;
    exchange.wantsContent = this.substitutions.wantsContent(request.route);
    exchange.request = this.substitutions.apply(session, request);
  }

  routeOf(planned: IntendedStart): number {
    return this.#records.routeOf(planned.record);
  }

  learn(exchange: Exchange): void {
    const { request, responseBody, responseHeaders, session } = exchange;
    if (session === null) return;
    this.substitutions?.learn(session, request.route, responseHeaders, responseBody);
  }

  #requestOf({ copy, record }: IntendedStart): PreparedRequest {
    const isOriginal = copy === 0 || this.#options.rekeyer === null;
    if (this.#originals === null) return this.#fromAhead(record, isOriginal ? 0 : copy);
    if (isOriginal) return (this.#originals[record] ??= this.#make(record, 0));
    const key = copy * this.#records.length + record;
    const known = this.#clones!.get(key);
    if (known !== undefined) return known;
    const made = this.#make(record, copy);
    this.#clones!.set(key, made);
    return made;
  }

  #fromAhead(record: number, copy: number): PreparedRequest {
    const key = copy * this.#records.length + record;
    if (key !== this.#aheadKey) {
      this.#ahead = this.#make(record, copy);
      this.#aheadKey = key;
    }
    return this.#ahead!;
  }

  #make(record: number, copy: number): PreparedRequest {
    const { arm, rekeyer } = this.#options;
    const own = copy === 0 ? this.#records.record(record) : rekeyer!.rekey(record, copy);
    return prepareRequest(own, this.#records.routeOf(record), arm);
  }
}
