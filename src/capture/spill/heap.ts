/** A binary heap: the least by `before` on top. */
export class Heap<T> {
  readonly #before: (a: T, b: T) => boolean;
  readonly items: T[] = [];

  constructor(before: (a: T, b: T) => boolean) {
    this.#before = before;
  }

  get top(): T | undefined {
    return this.items[0];
  }

  push(item: T): void {
    const { items } = this;
    let at = items.push(item) - 1;
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (!this.#before(item, items[above]!)) break;
      items[at] = items[above]!;
      at = above;
    }
    items[at] = item;
  }

  /** Takes the top away. */
  pop(): T | undefined {
    const { items } = this;
    const [top] = items;
    const last = items.pop();
    if (items.length > 0) {
      items[0] = last!;
      this.sink();
    }
    return top;
  }

  /** Puts the top, which has become greater, where it belongs. */
  sink(): void {
    const { items } = this;
    const item = items[0]!;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= items.length) break;
      if (below + 1 < items.length && this.#before(items[below + 1]!, items[below]!)) below++;
      if (!this.#before(items[below]!, item)) break;
      items[at] = items[below]!;
      at = below;
    }
    items[at] = item;
  }
}
