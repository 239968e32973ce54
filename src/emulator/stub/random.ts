import type { HelperContext } from "./helper.ts";

/** Whose luck it is, and how much of it is drawn. */
export type Luck = Pick<HelperContext, "draw" | "calls">;

const HEXADECIMAL = "0123456789abcdef";

/** In [0, 1); each of a rendering's draws is another. */
export const uniform = (context: Luck): number =>
  context.draw?.uniform(`stub-template-${context.calls++}`) ?? 0.5;

export const randomText = (length: number, alphabet: string, context: Luck): string =>
  Array.from({ length }, () => alphabet[Math.floor(uniform(context) * alphabet.length)]).join("");

/** Of version 4. */
export function randomUuid(context: Luck): string {
  const hex = randomText(32, HEXADECIMAL, context);
  const variant = "89ab"[Math.floor(uniform(context) * 4)];
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20)}`;
}
