import { readFileSync } from "node:fs";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cpuByGroup, GrowingUse, parseProcStat } from "../../src/telemetry/index.ts";
import { tellsUsage } from "../../src/run/usage.ts";

/** A line as Linux 6 writes it. */
const line = (comm: string, group = 1174, ticks: readonly number[] = [250, 30, 7, 13]): string =>
  `1187 (${comm}) S 1174 ${group} 25266 0 -1 4194304 98 0 0 0 ${ticks.join(" ")} 20 0 11 0 3507980 ` +
  "2998272 394 18446744073709551615 94825115811840 94825115835945 140731979776048 0 0 0 0\n";

describe("/proc/<pid>/stat", () => {
  it("gives the group, and the time of the process and of children it waited for", () => {
    expect(parseProcStat(line("node"))).toEqual({ group: 1174, ticks: 300 });
  });

  it("is read the same whatever the command is called", () => {
    const names = ["a b", "a) S 1 2 3 4", "((", "))", "", "1 (x) R 1", "two\nlines"];
    for (const name of names)
      expect(parseProcStat(line(name))).toEqual({ group: 1174, ticks: 300 });
    fc.assert(
      fc.property(fc.string({ maxLength: 15 }), (name) => {
        expect(parseProcStat(line(name))).toEqual({ group: 1174, ticks: 300 });
      }),
    );
  });

  it("is nothing where it is cut, empty or something else", () => {
    const whole = line("node");
    const cut = whole.slice(0, whole.indexOf(" 13 20 "));
    for (const text of ["", "no such process", "1 (node)", cut, whole.replace("250", "x")]) {
      expect(parseProcStat(text)).toBeNull();
    }
  });

  it.runIf(tellsUsage())("of this very process can be read", () => {
    const stat = parseProcStat(readFileSync("/proc/self/stat", "latin1"));
    expect(stat!.ticks).toBeGreaterThan(0);
    expect(stat!.group).toBeGreaterThan(0);
  });
});

it("a group's time is that of all its processes, and of no others", () => {
  const texts = [line("a", 7, [100, 0, 0, 0]), line("b", 8), line("c", 7, [0, 50, 25, 25]), "gone"];
  expect([...cpuByGroup(texts, new Set([7, 9]))]).toEqual([
    [7, 200],
    [9, 0],
  ]);
});

it("use only grows, from 0, also when a process takes its time away with it", () => {
  const use = new GrowingUse();
  expect([40, 41, 43, 12, 13, 13, 20].map((sum) => use.add(sum))).toEqual([0, 1, 3, 3, 4, 4, 11]);
});
