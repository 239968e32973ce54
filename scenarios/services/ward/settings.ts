/** @throws Error that says what the variable may be. */
function wrong(name: string, mayBe: string): never {
  throw new Error(`${name} must be ${mayBe}, not ${JSON.stringify(process.env[name])}`);
}

/** A whole number from 0. */
export function whole(name: string, fallback: number): number {
  const text = process.env[name] ?? String(fallback);
  return /^\d+$/.test(text) ? Number(text) : wrong(name, "a whole number");
}

/** One of several words; the first unless given. */
export function choice(name: string, words: readonly string[]): string {
  const word = process.env[name] ?? words[0]!;
  return words.includes(word) ? word : wrong(name, words.join(" or "));
}

/** The origin of an HTTP dependency: `ORIGIN_URL` unless another is named. */
export function originOf(name = "ORIGIN_URL"): string {
  const url = URL.parse(process.env[name] ?? "");
  return url?.origin ?? wrong(name, "a URL");
}
