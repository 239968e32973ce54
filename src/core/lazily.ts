import { createRequire } from "node:module";

const packages = createRequire(import.meta.url);

/**
 * A package that is loaded when it is first asked for, and kept: most commands and threads need few
 * of all that there are, and each file that is loaded takes half a millisecond of a start. Whoever
 * must not stand still while that happens, asks before.
 * @param name of the package, or of a file in it, as one imports it
 */
export function lazily(name: string): () => unknown {
  let loaded: unknown = null;
  return () => (loaded ??= packages(name));
}

/**
 * A function of a module of ours that is loaded when it is first called. What it throws, the promise
 * is rejected with.
 */
export const deferred =
  <Given extends readonly unknown[], Made>(
    load: () => Promise<(...given: Given) => Made | Promise<Made>>,
  ): ((...given: Given) => Promise<Made>) =>
  async (...given) =>
    (await load())(...given);
