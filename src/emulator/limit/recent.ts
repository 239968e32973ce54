import { LRUCache } from "lru-cache";

/**
 * What was asked for or set last, so many of it. It takes room as it fills: told how many there may be
 * and not how large, the library has room for all from the first, which takes 10 ms a limit.
 */
export const recent = <Value extends object | number>(max: number): LRUCache<string, Value> =>
  new LRUCache({ maxSize: max, sizeCalculation: () => 1 });
