import type { Pick } from "../schedule.ts";
import type { CaptureCopy } from "./copy.ts";

/** The starts of several copies in order of time, and at the same time in order of the copies. */
export function* mergedPicks(copies: readonly CaptureCopy[]): Generator<Pick, void> {
  // A binary heap, the next arrival on top: thousands of copies cost a dozen comparisons a start.
  const heap = [...copies];
  for (let at = (heap.length >> 1) - 1; at >= 0; at--) siftDown(heap, at);
  const [first] = heap;
  if (first === undefined) return;
  for (let next = first; next.startNs < Infinity; next = heap[0] ?? first) {
    if (next.kept) yield { startNs: next.startNs, record: next.record, copy: next.copy };
    next.advance();
    siftDown(heap, 0);
  }
}

function siftDown(heap: CaptureCopy[], from: number): void {
  const moving = heap[from];
  if (moving === undefined) return;
  let at = from;
  for (;;) {
    const left = heap[2 * at + 1];
    if (left === undefined) break;
    const right = heap[2 * at + 2];
    const rightFirst = right !== undefined && isBefore(right, left);
    const child = rightFirst ? right : left;
    if (!isBefore(child, moving)) break;
    heap[at] = child;
    at = 2 * at + (rightFirst ? 2 : 1);
  }
  heap[at] = moving;
}

const isBefore = (a: CaptureCopy, b: CaptureCopy): boolean =>
  a.startNs < b.startNs || (a.startNs === b.startNs && a.copy < b.copy);
