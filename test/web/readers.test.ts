import { EventEmitter } from "node:events";
import type { ServerResponse } from "node:http";
import { describe, expect, it } from "vitest";
import { Readers } from "../../src/web/readers.ts";

/** A socket that takes so many writes before it is full; `drain` empties it. */
class Sink extends EventEmitter {
  text = "";
  writes = 0;
  destroyed = false;
  #room: number;

  constructor(room: number) {
    super();
    this.#room = room;
  }

  write(text: string): boolean {
    this.text += text;
    this.writes++;
    return this.writes < this.#room;
  }

  drain(): void {
    this.#room = Infinity;
    this.emit("drain");
  }

  end(): void {}

  destroy(): void {
    this.destroyed = true;
    this.emit("close");
  }

  ids(): number[] {
    return [...this.text.matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id));
  }
}

const asResponse = (sink: Sink): ServerResponse => sink as unknown as ServerResponse;
const upTo = (last: number): number[] => Array.from({ length: last }, (_, index) => index + 1);

describe("a reader that takes nothing", () => {
  it("is handed no more, holds up nobody, and is dropped after a while", () => {
    const lines = ["0"];
    const readers = new Readers(lines);
    const [slow, quick] = [new Sink(2), new Sink(Infinity)];
    for (const sink of [slow, quick]) readers.add(asResponse(sink), 0, "");
    const { writes } = slow;
    for (let beat = 0; beat < 39; beat++) {
      lines.push(String(beat));
      readers.beat();
    }
    expect(slow.writes).toBe(writes);
    expect(slow.destroyed).toBe(false);
    expect(quick.ids()).toEqual(upTo(40));
    for (let beat = 0; beat < 2; beat++) readers.beat();
    expect([slow.destroyed, quick.destroyed, readers.count]).toEqual([true, false, 1]);
  });

  it("gets all that it missed, once each, when it takes again", () => {
    const lines = upTo(5).map(String);
    const readers = new Readers(lines);
    const sink = new Sink(2);
    readers.add(asResponse(sink), 2, "");
    lines.push(...upTo(20_000).map(() => "x".repeat(100)));
    readers.beat();
    sink.drain();
    expect(sink.ids()).toEqual(upTo(20_005).slice(2));
  });
});

it("what is silent for long is kept alive, and too many are too many", () => {
  const readers = new Readers([]);
  const sinks = upTo(250).map(() => new Sink(Infinity));
  expect(readers.full).toBe(false);
  for (const sink of sinks) readers.add(asResponse(sink), 0, "");
  expect(readers.full).toBe(true);
  for (let beat = 0; beat < 61; beat++) readers.beat();
  expect(sinks[0]!.text).toContain(": still here");
  sinks[0]!.destroy();
  expect(readers.full).toBe(false);
});
