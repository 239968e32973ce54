import { LRUCache } from "lru-cache";
import { type ProfileRecord, type Rekeyer, sessionOf } from "../profile/index.ts";
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
  readonly records: readonly ProfileRecord[];
  /** The run's routes, in the order of their indexes. */
  readonly routes: readonly string[];
  readonly arm: PrepareFor;
  /** Gives clones keys of their own; null where they are sent as captured. */
  readonly rekeyer: Rekeyer | null;
  /** Whether exchanges are to carry the captured session, or connection. */
  readonly keepSessions: boolean;
  readonly substitute: readonly SubstitutionRule[];
}

/** The route of each record, as its index. */
export function routesOf(
  records: readonly ProfileRecord[],
  routes: readonly string[],
): readonly number[] {
  const place = new Map(routes.map((route, index) => [route, index]));
  return records.map((record) => place.get(record.route) ?? 0);
}

/** Of clones that are kept ready; those of a capture scaled far up are more than memory holds. */
const CLONES_KEPT_BYTES = 64 * 1_024 * 1_024;
/** What a prepared request takes beside its bytes. */
const CLONE_BYTES = 500;

/** A start's session, told apart from that of other copies of the capture. */
export function sessionOfStart(
  records: readonly ProfileRecord[],
  { copy, record }: IntendedStart,
): string | null {
  const session = sessionOf(records[record]!);
  return session === null || copy === 0 ? session : `${session}#${copy}`;
}

/** The requests of a profile, prepared for one arm. */
export class ProfileRequests implements RequestSource {
  readonly substitutions: Substitutions | null;
  readonly #options: ProfileRequestsOptions;
  readonly #routeOf: readonly number[];
  readonly #originals: (PreparedRequest | undefined)[];
  readonly #clones = new LRUCache<number, PreparedRequest>({
    maxSize: CLONES_KEPT_BYTES,
    // Its body as bytes and as text, its head as text and as headers.
    sizeCalculation: ({ bytesOut }) => CLONE_BYTES + 2 * bytesOut,
  });

  constructor(options: ProfileRequestsOptions) {
    const { records, routes, substitute } = options;
    this.#options = options;
    this.#routeOf = routesOf(records, routes);
    this.#originals = Array.from({ length: records.length });
    this.substitutions = substitute.length === 0 ? null : new Substitutions(substitute, routes);
  }

  prepare(planned: IntendedStart): void {
    this.#requestOf(planned);
  }

  fill(exchange: Exchange, planned: IntendedStart): void {
    const { keepSessions, records } = this.#options;
    const request = this.#requestOf(planned);
    exchange.request = request;
    exchange.session = null;
    exchange.wantsContent = false;
    if (!keepSessions && this.substitutions === null) return;
    const session = sessionOfStart(records, planned);
    if (keepSessions) exchange.session = session;
    if (this.substitutions === null || session === null) return;
    exchange.session = session;
    exchange.wantsContent = this.substitutions.wantsContent(request.route);
    exchange.request = this.substitutions.apply(session, request);
  }

  routeOf(planned: IntendedStart): number {
    return this.#routeOf[planned.record]!;
  }

  learn(exchange: Exchange): void {
    const { request, responseBody, responseHeaders, session } = exchange;
    if (session === null) return;
    this.substitutions?.learn(session, request.route, responseHeaders, responseBody);
  }

  #requestOf({ copy, record }: IntendedStart): PreparedRequest {
    if (copy === 0) return (this.#originals[record] ??= this.#make(record, 0));
    const { records, rekeyer } = this.#options;
    if (rekeyer === null) return (this.#originals[record] ??= this.#make(record, 0));
    const key = copy * records.length + record;
    const known = this.#clones.get(key);
    if (known !== undefined) return known;
    const made = this.#make(record, copy);
    this.#clones.set(key, made);
    return made;
  }

  #make(record: number, copy: number): PreparedRequest {
    const { arm, records, rekeyer } = this.#options;
    const own = copy === 0 ? records[record]! : rekeyer!.rekey(record, copy);
    return prepareRequest(own, this.#routeOf[record]!, arm);
  }
}
