import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { keyedDraw } from "../../src/core/index.ts";
import {
  createToxic,
  type EndKind,
  Stage,
  tcpSchema,
  toxicSchema,
} from "../../src/emulator/tcp/index.ts";
import { createVirtualTime } from "../../src/testing/index.ts";

const time = (max: number) => fc.integer({ min: 0, max }).map((us) => `${us}us`);
const size = fc.integer({ min: 1, max: 500 }).map((bytes) => `${bytes}B`);
/** Toxics that lose nothing. */
const lossless = fc.oneof(
  fc.record({ type: fc.constant("latency"), latency: time(5_000), jitter: time(5_000) }),
  fc.record({ type: fc.constant("bandwidth"), rate: size }),
  fc.record({ type: fc.constant("slow_close"), delay: time(5_000) }),
  fc.record({
    type: fc.constant("slicer"),
    average_size: size,
    size_variation: size,
    delay: time(500),
  }),
  fc.record({ type: fc.constant("noop") }),
);

/** A chain of toxics over virtual time, and what came out of it. */
function chainOf(toxics: readonly unknown[]) {
  const virtual = createVirtualTime();
  const out: { chunk: Buffer; atNs: number }[] = [];
  const ends: { kind: EndKind; atNs: number }[] = [];
  const sink = {
    write: (chunk: Buffer) => void out.push({ chunk, atNs: virtual.clock.nowNs() }),
    end: (kind: EndKind) => void ends.push({ kind, atNs: virtual.clock.nowNs() }),
  };
  const make = (written: unknown) =>
    createToxic(toxicSchema.parse(written), { draw: keyedDraw("test"), tally: { bytes: 0 } });
  const stages: Stage[] = [];
  for (const written of toxics.toReversed()) {
    stages.unshift(new Stage(virtual.clock, virtual.deadlines, make(written), stages[0] ?? sink));
  }
  for (const stage of stages) stage.begin();
  const text = () => Buffer.concat(out.map(({ chunk }) => chunk));
  return { ...virtual, stages, first: stages[0] ?? sink, out, ends, text, make };
}

describe("a chain of toxics", () => {
  const chunks = fc.array(fc.uint8Array({ minLength: 1, maxLength: 400 }), { maxLength: 12 });

  it("conserves bytes and their order, and ends once, after them", () => {
    const property = fc.property(fc.array(lossless, { maxLength: 4 }), chunks, (toxics, sent) => {
      const chain = chainOf(toxics);
      for (const [i, chunk] of sent.entries()) {
        chain.advanceTo(i * 300_000);
        chain.first.write(Buffer.from(chunk));
      }
      chain.first.end("end");
      chain.runAll();
      expect(chain.text()).toEqual(Buffer.concat(sent));
      expect(chain.ends.map(({ kind }) => kind)).toEqual(["end"]);
      expect(chain.stages.map((stage) => stage.heldBytes)).toEqual(toxics.map(() => 0));
    });
    fc.assert(property);
  });

  it("conserves bytes and their order while toxics are exchanged and taken off", () => {
    const property = fc.property(lossless, lossless, chunks, fc.nat(12), (a, b, sent, at) => {
      const chain = chainOf([a, b]);
      for (const [i, chunk] of sent.entries()) {
        chain.advanceTo(i * 300_000);
        if (i === at) chain.stages[1]!.replace(chain.make(a));
        chain.first.write(Buffer.from(chunk));
      }
      chain.first.end("end");
      chain.stages[1]!.replace(chain.make(b));
      chain.stages[0]!.remove();
      chain.runAll();
      expect(chain.text()).toEqual(Buffer.concat(sent));
      expect(chain.ends.map(({ kind }) => kind)).toEqual(["end"]);
    });
    fc.assert(property);
  });
});

describe("toxics", () => {
  it("latency: a fraction of a millisecond is kept, and two of them add up", () => {
    const latency = { type: "latency", latency: "250us" };
    const chain = chainOf([latency, latency]);
    chain.first.write(Buffer.from("x"));
    chain.runAll();
    expect(chain.out.map(({ atNs }) => atNs)).toEqual([500_000]);
  });

  it("bandwidth: bytes take bytes / rate", () => {
    const chain = chainOf([{ type: "bandwidth", rate: "10kB" }]);
    chain.first.write(Buffer.alloc(5_000));
    chain.runAll();
    expect(chain.out.at(-1)!.atNs).toBeCloseTo(5e8, -1);
    expect(chain.out).toHaveLength(5);
  });

  it("limit_data: exactly so many bytes pass, then the connection is closed", () => {
    const chain = chainOf([{ type: "limit_data", bytes: "5B" }]);
    for (const text of ["abc", "def", "ghi"]) chain.first.write(Buffer.from(text));
    expect(chain.text().toString()).toBe("abcde");
    expect(chain.ends).toEqual([{ kind: "close", atNs: 0 }]);
  });

  it("timeout: nothing passes, and the connection is closed at its time", () => {
    const chain = chainOf([{ type: "timeout", timeout: "5ms" }]);
    chain.first.write(Buffer.from("abc"));
    chain.first.end("end");
    chain.runAll();
    expect(chain.out).toEqual([]);
    expect(chain.ends).toEqual([{ kind: "close", atNs: 5_000_000 }]);
  });

  it("timeout: taking it off closes the connection", () => {
    const chain = chainOf([{ type: "timeout", timeout: "0ms" }]);
    chain.stages[0]!.remove();
    expect(chain.ends.map(({ kind }) => kind)).toEqual(["close"]);
  });

  it("reset_peer: RST so long after the first bytes, none of which pass", () => {
    const chain = chainOf([{ type: "reset_peer", timeout: "2ms" }]);
    chain.advanceTo(1_000_000);
    chain.first.write(Buffer.from("abc"));
    chain.runAll();
    expect(chain.out).toEqual([]);
    expect(chain.ends).toEqual([{ kind: "reset", atNs: 3_000_000 }]);
  });
});

describe("tcp in a scenario", () => {
  it("short forms become toxics; a jitter without a latency, and names twice, are refused", () => {
    const upstream = "127.0.0.1:6379";
    const { toxics } = tcpSchema.parse({ upstream, latency: "200us", bandwidth: "10MB" });
    expect(toxics.map(({ name }) => name)).toEqual([
      "latency",
      "bandwidth_upstream",
      "bandwidth_downstream",
    ]);
    expect(() => tcpSchema.parse({ upstream, jitter: "1ms" })).toThrow(/write latency, too/);
    const twice = [{ type: "noop" }, { type: "noop" }];
    expect(() => tcpSchema.parse({ upstream, toxics: twice })).toThrow(/another name/);
  });
});
