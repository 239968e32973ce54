import { originCaller } from "./call.ts";
import type { Service } from "./model.ts";
import { paused } from "./pause.ts";
import { whole } from "./settings.ts";

/** Holds the event loop; what it computes is nothing. */
function block(ms: number): void {
  const endMs = performance.now() + ms;
  while (performance.now() < endMs);
}

/** Objects that live on: a collector that is short of room goes through all of them, again and again. */
function retained(megabytes: number): object[] {
  return Array.from({ length: megabytes * 12_000 }, (_, id) => ({ id, next: { id: id + 0.5 } }));
}

/**
 * A service that is slow by itself: it blocks its event loop for BLOCK_MS before its call and after,
 * keeps HEAP_MB in small objects, and makes GARBAGE_KB of others for each request.
 */
export const service: Service = () => {
  const call = originCaller();
  const blockMs = whole("BLOCK_MS", 0);
  const kept = retained(whole("HEAP_MB", 0));
  const garbage = whole("GARBAGE_KB", 0) * 12;
  const recent: object[][] = [];
  const work = (): void => {
    block(blockMs);
    recent.push(Array.from({ length: garbage }, (_, id) => ({ id, next: { id: id + 0.5 } })));
    if (recent.length > 16) recent.shift();
  };
  return (visit) =>
    paused(async () => {
      work();
      const text = await call(visit);
      work();
      return kept.length < 0 ? "" : text;
    });
};
