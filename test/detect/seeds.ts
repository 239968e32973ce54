/** `seed 0` and so on. */
export const seedsOf = (count: number): string[] =>
  Array.from({ length: count }, (_, seed) => `seed ${seed}`);
