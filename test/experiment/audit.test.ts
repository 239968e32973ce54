import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { AuditLog, brokenAuditLine } from "../../src/experiment/index.ts";

const folder = mkdtempSync(join(tmpdir(), "shakedown-audit-"));
afterAll(() => rmSync(folder, { recursive: true }));

function write(name: string, events: readonly string[]): string {
  const path = join(folder, name);
  let second = 0;
  const log = new AuditLog(path, () =>
    new Date(Date.UTC(2026, 0, 1, 0, 0, second++)).toISOString(),
  );
  for (const [index, event] of events.entries()) {
    log.append(event, { index, nested: { b: [1, 2.5], a: "é\n" }, left: undefined });
  }
  return readFileSync(path, "utf8");
}

const EVENTS = ["plan registered", "traffic begins", "stage", "stage", "verdict", "reported"];
const whole = write("whole.ndjson", EVENTS);
const lines = whole.trimEnd().split("\n");
const joined = (rows: readonly string[]): string => `${rows.join("\n")}\n`;
const at = fc.nat({ max: EVENTS.length - 1 });

describe("the audit trail", () => {
  it("is whole as it was written, and so is an empty one", () => {
    expect(brokenAuditLine(whole)).toBeNull();
    expect(brokenAuditLine("")).toBeNull();
  });

  it("takes nothing from who was taken for dead, once another has gone on with it", () => {
    const path = join(folder, "led.ndjson");
    const nowIso = () => "2026-01-01T00:00:00.000Z";
    const woken = new AuditLog(path, nowIso);
    woken.append("plan registered");
    const other = AuditLog.resume(path, nowIso);
    other.append("resumed");
    expect(() => woken.append("look")).toThrow(
      expect.objectContaining({
        code: "RUN_LED",
        message: expect.stringMatching(/another process leads run/),
      }),
    );
    other.append("verdict");
    const text = readFileSync(path, "utf8");
    expect(brokenAuditLine(text)).toBeNull();
    expect(text.trimEnd().split("\n")).toHaveLength(3);
  });

  it("a changed byte is found in its line, or in the next", () => {
    fc.assert(
      fc.property(at, fc.nat(), fc.integer({ min: 32, max: 126 }), (line, seed, code) => {
        const text = lines[line]!;
        const place = seed % text.length;
        const changed = text.slice(0, place) + String.fromCharCode(code) + text.slice(place + 1);
        fc.pre(changed !== text);
        expect(brokenAuditLine(joined(lines.with(line, changed)))).toBe(line + 1);
      }),
    );
  });

  it("a line taken out is found where it is missed", () => {
    fc.assert(
      fc.property(fc.nat({ max: EVENTS.length - 2 }), (line) => {
        expect(brokenAuditLine(joined(lines.toSpliced(line, 1)))).toBe(line + 1);
      }),
    );
  });

  it("a line put in is found: one of its own, one of another trail, an empty one", () => {
    const foreign = write("foreign.ndjson", ["stage", "verdict"]).trimEnd().split("\n");
    fc.assert(
      fc.property(
        at,
        fc.constantFrom(...lines.slice(1), foreign[1]!, "", "null", "5"),
        (line, extra) => {
          fc.pre(extra !== lines[line]);
          const found = brokenAuditLine(joined(lines.toSpliced(line, 0, extra)));
          expect(found).toBe(line + 1);
        },
      ),
    );
  });

  it("lines in another order are found", () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(lines, { minLength: lines.length }), (rows) => {
        fc.pre(rows.some((row, i) => row !== lines[i]));
        const first = rows.findIndex((row, i) => row !== lines[i]);
        expect(brokenAuditLine(joined(rows))).toBe(first + 1);
      }),
    );
  });

  it("a last line that was cut while it was written is found", () => {
    expect(brokenAuditLine(whole.slice(0, -20))).toBe(EVENTS.length);
  });
});
