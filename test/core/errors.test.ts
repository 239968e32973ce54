import { describe, expect, it } from "vitest";
import {
  ERRORS,
  type ErrorCode,
  EXIT,
  messageOf,
  ShakedownError,
  systemCodeOf,
} from "../../src/core/index.ts";

const CODES = Object.keys(ERRORS) as ErrorCode[];

describe("errors", () => {
  it.each(CODES)("%s has a documented exit code that is no verdict, and a meaning", (code) => {
    const { exitCode } = new ShakedownError(code, "what happened");
    expect(Object.values(EXIT)).toContain(exitCode);
    // 0, 1 and 2 are said by a verdict only; but a judge that crashed is a hold.
    if (code === "JUDGE_FAILED") return;
    expect(exitCode).toBeGreaterThan(EXIT.hold);
    expect(ERRORS[code].meaning).toMatch(/^[a-z].+[^.]$/);
  });

  it("exit codes are all different, and those of sysexits.h", () => {
    expect(new Set(Object.values(EXIT)).size).toBe(Object.keys(EXIT).length);
    expect(EXIT).toMatchObject({ usage: 64, badData: 65, unreachable: 69, internal: 70 });
  });

  it("carry a hint and a cause when there is one, and neither key when there is none", () => {
    const cause = new Error("disk");
    const error = new ShakedownError("FILE_UNREADABLE", "cannot read x", { hint: "try y", cause });
    expect(error).toMatchObject({ name: "ShakedownError", hint: "try y", cause });
    const bare = new ShakedownError("INTERNAL", "oops");
    expect(bare.hint).toBeUndefined();
    expect("cause" in bare).toBe(false);
  });
});

describe("what others throw", () => {
  it("has a message, whatever it is", () => {
    expect(messageOf(new Error("it broke"))).toBe("it broke");
    expect(messageOf("a text")).toBe("a text");
    expect(messageOf(undefined)).toBe("undefined");
  });

  it("has a system code only where there is one", () => {
    expect(systemCodeOf(Object.assign(new Error("x"), { code: "ENOENT" }))).toBe("ENOENT");
    for (const other of [new Error("x"), { code: 7 }, null, undefined, "ENOENT"]) {
      expect(systemCodeOf(other)).toBeUndefined();
    }
  });
});
