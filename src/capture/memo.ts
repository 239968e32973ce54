const WIDE = /[\u0100-\uffff]/;
/** V8 copies shorter pieces by itself. */
const PIECE_CHARS_MIN = 13;
const KEY_CHARS_MAX = 2_048;
/** What an entry takes beside its text, roughly. */
const ENTRY_CHARS = 300;

/** How much several memos hold together: at most twice `charsMax` characters, entries included. */
export class MemoBudget {
  readonly #charsMax: number;
  #chars = 0;
  /** Counts how often it was used up; what was not asked for during one whole age is forgotten. */
  age = 0;

  constructor(charsMax: number) {
    this.#charsMax = charsMax;
  }

  use(chars: number): void {
    this.#chars += chars + ENTRY_CHARS;
    if (this.#chars <= this.#charsMax) return;
    this.#chars = 0;
    this.age++;
  }
}

/** Remembers what was made of texts that come again, such as user agents, within a budget. */
export class Memo<T> {
  readonly #budget: MemoBudget;
  readonly #make: (text: string) => T;
  #young = new Map<string, T>();
  #old = new Map<string, T>();
  #age = 0;

  /** @param make must give the same for the same text, and never undefined */
  constructor(budget: MemoBudget, make: (text: string) => T) {
    this.#budget = budget;
    this.#make = make;
    this.#age = budget.age;
  }

  of(text: string): T {
    return this.#young.get(text) ?? this.#find(text);
  }

  #find(text: string): T {
    if (text.length > KEY_CHARS_MAX) return this.#make(text);
    this.#grow();
    const known = this.#young.get(text) ?? this.#old.get(text);
    // A piece of a longer text keeps all of that in memory; a copy does not.
    const key = text.length < PIECE_CHARS_MIN ? text : copied(text);
    const value = known ?? this.#make(key);
    this.#young.set(key, value);
    this.#budget.use(key.length + (typeof value === "string" ? value.length : key.length));
    return value;
  }

  #grow(): void {
    const passed = this.#budget.age - this.#age;
    if (passed === 0) return;
    this.#age = this.#budget.age;
    this.#old = passed === 1 ? this.#young : new Map();
    this.#young = new Map();
  }
}

function copied(text: string): string {
  const encoding = WIDE.test(text) ? "utf16le" : "latin1";
  return Buffer.from(text, encoding).toString(encoding);
}
