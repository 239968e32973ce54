import { once } from "node:events";
import { Readable } from "node:stream";
import { setImmediate } from "node:timers/promises";
import { gzipSync, zstdCompressSync } from "node:zlib";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Unpack } from "../../src/core/index.ts";

/** What comes out, and the code of the error in which it ended. */
async function undone(packed: Buffer, cuts: readonly number[]) {
  const ends = [...cuts.map((cut) => cut % (packed.length + 1)), packed.length];
  const places = [0, ...ends.toSorted((a, b) => a - b)];
  const pieces = places.slice(1).map((to, i) => packed.subarray(places[i], to));
  const out: Buffer[] = [];
  const unpack = new Unpack(64);
  unpack.on("data", (bytes: Buffer) => out.push(bytes));
  const code = await new Promise<string>((resolve) => {
    unpack.once("end", () => resolve(""));
    unpack.once("error", (error) => resolve((error as NodeJS.ErrnoException).code ?? "?"));
    Readable.from(pieces).pipe(unpack);
  });
  return { text: Buffer.concat(out).toString("latin1"), code };
}

const PACKERS = { gzip: gzipSync, zstd: zstdCompressSync };
const texts = fc.array(fc.string({ unit: "binary-ascii", maxLength: 300 }), {
  minLength: 1,
  maxLength: 4,
});
const cuts = fc.array(fc.nat(), { maxLength: 5 });

describe.each(["gzip", "zstd"] as const)("%s", (name) => {
  const packed = (parts: readonly string[]): Buffer =>
    Buffer.concat(parts.map((text) => PACKERS[name](text)));

  it("is undone, of all that follow one another, wherever reads are cut", async () => {
    await fc.assert(
      fc.asyncProperty(texts, cuts, async (parts, at) => {
        const made = await undone(packed(parts), at);
        expect(made).toEqual({ text: parts.join(""), code: "" });
      }),
      { numRuns: 60 },
    );
  });

  it("is an error where it is cut off or damaged, after what could be undone", async () => {
    const whole = packed(["first ".repeat(50), "second ".repeat(50)]);
    const second = packed(["first ".repeat(50)]).length;
    for (let length = 1; length < whole.length; length++) {
      const { code, text } = await undone(whole.subarray(0, length), [second]);
      expect(code).toBe(length === second ? "" : "Z_BUF_ERROR");
      expect(text).toContain(length >= second ? "first ".repeat(50) : "");
    }
    const noise = Buffer.concat([packed(["first"]), whole.subarray(0, 4), Buffer.alloc(40, "x")]);
    expect((await undone(noise, [])).code).toMatch(/^Z/);
  });

  it("ends there, where damage is asked for: nothing that was undone is lost to a slow reader", async () => {
    const text = Array.from({ length: 9_000 }, (_, i) => `${i * i} `).join("");
    const whole = packed([text, "second"]);
    const first = packed([text]).length;
    for (const length of [5, 1_000, first >> 1, first - 1, first, first + 3, whole.length]) {
      const damage: string[] = [];
      const unpack = new Unpack(64, ({ message }) => damage.push(message));
      Readable.from(
        [whole.subarray(0, first), whole.subarray(first)].map((part, at) =>
          part.subarray(0, Math.max(length - at * first, 0)),
        ),
      ).pipe(unpack);
      let out = "";
      for await (const bytes of unpack) {
        out += (bytes as Buffer).toString("latin1");
        if (out.length % 7 === 0) await setImmediate();
      }
      expect(`${text}second`.startsWith(out)).toBe(true);
      expect(out.length).toBeGreaterThanOrEqual(length >= first ? text.length : 0);
      expect(damage).toHaveLength(length === first || length === whole.length ? 0 : 1);
      // Blocks of zstd are undone whole or not at all; this text is less than one.
      const least = name === "gzip" && length === first >> 1 ? text.length / 4 : 0;
      expect(out.length).toBeGreaterThanOrEqual(least);
    }
  });

  it("is undone no further than it is read, however little there is of it", async () => {
    const unpack = new Unpack(65_536);
    unpack.end(PACKERS[name](Buffer.alloc(2 ** 24)));
    await once(unpack, "readable");
    for (let turn = 0; turn < 2_000; turn++) await setImmediate();
    expect(unpack.readableLength).toBeLessThan(2 ** 18);
    let length = 0;
    for await (const bytes of unpack) length += (bytes as Buffer).length;
    expect(length).toBe(2 ** 24);
  });
});

describe("what is not packed", () => {
  it("is told so", async () => {
    expect((await undone(Buffer.from("plain text"), [])).code).toBe("Z_DATA_ERROR");
    expect(await undone(Buffer.alloc(0), [])).toEqual({ text: "", code: "" });
  });
});
