import { LRUCache } from "lru-cache";
import { type Dependency, DependencyError, fieldsOf, type Visit } from "./dependency.ts";

const MAKES = ["datadog", "spree", "monitoring", "ruby", "apache"];
const KINDS = ["tote", "bag", "mug", "stein", "ringer-t-shirt", "jersey", "hoodie", "sticker"];
const ASSORTMENT = MAKES.flatMap((make) => KINDS.map((kind) => `${make}-${kind}`));

/** What the catalog says about a product or a listing. It may leave any field out. */
export type Entry = Readonly<Record<string, unknown>>;

export interface Shelf {
  readonly main: Entry;
  readonly alsoLike: readonly { readonly slug: string; readonly entry: Entry }[];
}

/** The four products that are shown beside a page: always the same ones for the same page. */
export function alsoLike(page: string): readonly string[] {
  let hash = 0;
  for (let i = 0; i < page.length; i++) hash = (Math.imul(hash, 31) + page.charCodeAt(i)) | 0;
  const others = ASSORTMENT.filter((slug) => slug !== page);
  return [0, 11, 17, 29].map((step) => others[((hash >>> 0) + step) % others.length]!);
}

/**
 * The catalog behind a cache. Those who miss the same key at the same time share one call, which
 * carries the identity of the first of them.
 */
export class Catalog {
  readonly #dependency: Dependency;
  readonly #cache: LRUCache<string, Entry>;
  readonly #underWay = new Map<string, Promise<Entry | undefined>>();

  constructor(dependency: Dependency, cache: { readonly entries: number; readonly ttlMs: number }) {
    this.#dependency = dependency;
    this.#cache = new LRUCache({ max: cache.entries, ttl: cache.ttlMs });
  }

  /** A page of products, by what the visitor looks for. */
  listing(query: Readonly<Record<string, string>>, visit: Visit): Promise<Shelf | undefined> {
    const asked = Object.entries(query).filter(([, value]) => value !== "");
    const search = new URLSearchParams(asked).toString();
    return this.#shelf(`/v1/listings?${search}`, alsoLike(search), visit);
  }

  /** One product; undefined when the catalog has no such thing. */
  product(slug: string, visit: Visit): Promise<Shelf | undefined> {
    return this.#shelf(`/v1/products/${slug}`, alsoLike(slug), visit);
  }

  /** Forgets every entry; calls that are under way fill it again. */
  flush(): void {
    this.#cache.clear();
  }

  async #shelf(path: string, beside: readonly string[], visit: Visit): Promise<Shelf | undefined> {
    const [main, ...entries] = await Promise.all([
      this.#entry(path, visit),
      ...beside.map((slug) => this.#entry(`/v1/products/${slug}`, visit)),
    ]);
    if (main === undefined) return undefined;
    return {
      main,
      alsoLike: beside.flatMap((slug, at) => {
        const entry = entries[at];
        return entry === undefined ? [] : [{ slug, entry }];
      }),
    };
  }

  #entry(path: string, visit: Visit): Entry | Promise<Entry | undefined> {
    const known = this.#cache.get(path) ?? this.#underWay.get(path);
    if (known !== undefined) return known;
    const fetching = this.#fetch(path, visit).finally(() => this.#underWay.delete(path));
    this.#underWay.set(path, fetching);
    return fetching;
  }

  async #fetch(path: string, visit: Visit): Promise<Entry | undefined> {
    const { status, text } = await this.#dependency.call({ method: "GET", path, visit });
    if (status === 404) return undefined;
    if (status !== 200) throw new DependencyError(`catalog: status ${status}`);
    const entry = fieldsOf(text);
    this.#cache.set(path, entry);
    return entry;
  }
}
