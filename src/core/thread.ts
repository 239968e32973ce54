import { getCompileCacheDir } from "node:module";
import { dirname } from "node:path";
import { setFlagsFromString } from "node:v8";
import { type ResourceLimits, Worker, type WorkerOptions } from "node:worker_threads";

/**
 * How a thread's heap grows.
 * - `roomy`: for whoever must be on time. Old objects may come to 256 MB before they are looked through
 *   for garbage. V8 begins at a few MB and lets the limit grow by collecting: of a generator on one
 *   core, each such collection made the starts of 20 to 40 ms late, and a run of seconds had several.
 *   (What is in use of it is taken, no more.)
 * - `tight`: for whoever goes through much and keeps little. New objects have a third of the room that V8
 *   gives them, and garbage is looked for when old ones have grown by 30 % since it last was; V8 lets
 *   them grow up to fourfold. Flags are the process's: its other heaps grow as slowly meanwhile.
 */
export type HeapGrowth = "roomy" | "tight";

/** There is no option for these, and a thread reads its flags when it begins. */
const FLAGS: Readonly<Record<HeapGrowth, readonly string[]>> = {
  roomy: ["--initial-old-space-size=256", "--heap-growing-percent=0"],
  tight: ["--initial-old-space-size=0", "--heap-growing-percent=30"],
};
const TIGHT_LIMITS: ResourceLimits = { maxYoungGenerationSizeMb: 16 };

/**
 * V8 collects WebAssembly code that is no longer used while other threads register theirs, and then
 * ends the process now and then (nodejs/node#64500; seen with several threads, each of which loads
 * Node's own modules in WebAssembly). Ours are few and small: their code stays until the end.
 */
const KEEP_WASM_CODE = "--no-wasm-code-gc";

/**
 * Starts the worker thread whose file is beside the given module. Where this thread keeps compiled
 * code, it does so in the same place: it would else compile everything anew (and strip the types of
 * every file, in a clone). `heap`: `roomy` unless given.
 */
export function startThread(
  name: string,
  importMetaUrl: string,
  { heap = "roomy", resourceLimits, ...given }: WorkerOptions & { heap?: HeapGrowth } = {},
): Worker {
  for (const flag of [...FLAGS[heap], KEEP_WASM_CODE]) setFlagsFromString(flag);
  const limits = heap === "tight" ? { ...TIGHT_LIMITS, ...resourceLimits } : resourceLimits;
  const options = limits === undefined ? given : { ...given, resourceLimits: limits };
  const cache = getCompileCacheDir();
  // Node's own name for it has the version's folder, which it adds by itself.
  const env = cache && { ...process.env, NODE_COMPILE_CACHE: dirname(cache) };
  return new Worker(threadUrl(name, importMetaUrl), env ? { ...options, env } : options);
}

/**
 * The URL of a worker's file beside the given module: `.ts` when the source runs as it is, `.js`
 * when it was compiled into dist/.
 */
function threadUrl(name: string, importMetaUrl: string): URL {
  const extension = importMetaUrl.endsWith(".ts") ? "ts" : "js";
  return new URL(`./${name}.${extension}`, importMetaUrl);
}
