import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  type History,
  HISTORY_FORMATS,
  historyOf,
  historyResultSchema,
  type HistoryRun,
  historySchema,
  historyText,
} from "../../src/report/index.ts";
import { hasChromium, launchChromium, openPage, VIEWPORTS } from "./chromium.ts";
import { FIXTURES, HOSTILE } from "./fixtures.ts";
import { golden } from "./golden.ts";
import { commitOf, runAt } from "./history-fixtures.ts";

const made = (runs: readonly HistoryRun[], unread: History["unread"] = []): History =>
  historyOf(runs, { unread, version: "0.2.0" });

const days = (count: number, one: (index: number) => HistoryRun): HistoryRun[] =>
  Array.from({ length: count }, (_, index) => one(index));

/** From run 26 on the variant is slower; from 8 to 15 another host, slower in both arms. */
const BAD = 26;
const runs = days(40, (index) => {
  const elsewhere = index >= 8 && index < 16;
  return runAt(index, {
    slower: index < BAD ? 1 : 1.15,
    ...(elsewhere ? { host: "b", hostSlower: 1.5 } : {}),
  });
});
const like = days(8, (index) => ({
  ...runAt(index, { scenario: "a/a", commit: null, decision: index === 3 ? "roll-back" : "ship" }),
  armsDiffer: [],
}));
const unread = [{ directory: "killed", why: "not judged: it goes on" }];
const history = made([...runs, ...like], unread);

describe("a history", () => {
  it("names the first bad revision, once for all that it did, and says what it did", () => {
    expect(historySchema.parse(history)).toEqual(history);
    expect(history.events).toHaveLength(1);
    const [event] = history.events;
    expect(event).toMatchObject({
      scenario: "shop",
      direction: "worse",
      revision: { commit: commitOf(BAD), dirty: false },
      lastRevision: { commit: commitOf(BAD - 1) },
      alsoChanged: [],
    });
    const changed = event!.changes.map(({ series }) => history.series[series]!);
    expect(new Set(changed.map(({ arm }) => arm))).toEqual(new Set(["variant"]));
    for (const { change } of changed.filter(({ kind }) => kind === "relative")) {
      expect(change).toBeGreaterThan(0.12);
      expect(change).toBeLessThan(0.18);
    }
  });

  it("holds no host's level against another's, and takes effects from all of them", () => {
    const levels = history.series.filter(
      ({ of, scenario }) => of === "level" && scenario === "shop",
    );
    for (const { host, runs: at } of levels) {
      expect(new Set(at.map((run) => history.runs[run]!.host.id))).toEqual(new Set([host]));
    }
    expect(new Set(levels.map(({ host }) => host))).toEqual(new Set(["a", "b"]));
    const effects = history.series.filter(
      ({ of, scenario }) => of === "effect" && scenario === "shop",
    );
    expect(effects.every(({ runs: at }) => at.length === runs.length)).toBe(true);
  });

  it("is the same whatever order the runs are read in", () => {
    expect(made([...like, ...runs].toReversed(), unread)).toEqual(history);
  });

  it("shows no change in 19 of 20 folders of runs in which nothing changes", () => {
    const shown = days(30, (folder) => runAt(folder)).filter((_, folder) => {
      const quiet = days(24, (index) => runAt(index, {}, `quiet ${folder}`));
      return made(quiet).events.length > 0;
    });
    // Six of 30 or more come with 0.3 % of 1 in 20.
    expect(shown.length).toBeLessThan(6);
  });

  it("says what else changed there, and that a revision is not to blame that did not change", () => {
    const moved = days(30, (index) => {
      const after = index >= 15;
      const changed = after ? { planSha256: "other" } : {};
      return runAt(index, {
        commit: commitOf(0),
        slower: after ? 1.2 : 1,
        host: after ? "b" : "a",
        more: changed,
      });
    });
    const told = made(moved);
    expect(told.events[0]).toMatchObject({ alsoChanged: ["host", "plan"] });
    const text = historyText(told, { color: false, width: 100 });
    expect(text).toContain("First bad run, of the same revision as the last one before it");
    expect(text.replaceAll(/\s+/g, " ")).toContain("the host and the plan changed as well");
  });

  it("names the runs that may have it where the place is not sure, and they hold the true one", () => {
    const told = Array.from({ length: 40 }, (_, folder) =>
      made(days(40, (index) => runAt(index, { slower: index < 25 ? 1 : 1.04 }, `small ${folder}`))),
    );
    const events = told.flatMap((each) => each.events[0] ?? []);
    expect(events.length).toBeGreaterThan(36);
    const held = events.filter(({ earliest, latest }) => earliest <= 25 && 25 <= latest);
    // Majority of sets of 95 %: 90 % at the least, less three standard errors.
    expect(held.length / events.length).toBeGreaterThan(0.76);
    const unsure = told.find(({ events: [event] }) => event!.latest > event!.earliest)!;
    const [{ earliest, latest }] = unsure.events as [History["events"][number]];
    const text = historyText(unsure, { color: false, width: 100 }).replaceAll(/\s+/g, " ");
    const count = latest - earliest + 1;
    expect(text).toContain(`it came with one of ${count} runs (${count} revisions), run-0`);
  });

  it("takes an arm's own revision for what it did, where arms are revisions", () => {
    const of = (commit: string) => ({ ref: "main", commit });
    const arms = days(30, (index) =>
      runAt(index, {
        commit: "harness",
        slower: index < 15 ? 1 : 0.8,
        more: {
          planSha256: String(index),
          revisions: { control: of("base"), variant: of(commitOf(index)) },
        },
      }),
    );
    expect(made(arms).events).toMatchObject([
      { direction: "better", revision: { commit: commitOf(15) }, alsoChanged: [] },
    ]);
  });

  it("leaves incomplete runs out of trends, and measures runs of one arm", () => {
    const incomplete = runAt(3, { more: { complete: false } });
    const { result } = FIXTURES["one-arm"]!();
    const alone = { ...runAt(4), result: { ...result, run: { ...result.run, scenario: "alone" } } };
    const { series, warnings } = made([incomplete, alone]);
    expect(new Set(series.map(({ scenario }) => scenario))).toEqual(new Set(["alone"]));
    expect(series.map(({ metric }) => metric)).toContain("response_time_p99");
    expect(warnings).toContain("1 run is incomplete and in no series");
  });

  it("reads no more of a result than it needs, so that other versions' do", () => {
    const { result } = FIXTURES["ship"]!();
    const other = { ...result, warnings: "of another kind", news: 1 };
    expect(historyResultSchema.parse(other)).toMatchObject({ decision: result.decision });
    expect(historyResultSchema.safeParse({ ...other, schemaVersion: 1 }).success).toBe(false);
  });
});

describe("flaky scenarios", () => {
  it("are those whose clean revisions are decided otherwise, by the share of pairs that differ", () => {
    const decided = (index: number, commit: string, decision: "ship" | "hold", dirty = false) =>
      runAt(index, { commit, decision, dirty });
    const { flaky } = made([
      decided(1, "one", "ship"),
      decided(2, "one", "ship"),
      decided(3, "one", "hold"),
      decided(4, "two", "ship"),
      decided(5, "two", "ship"),
      decided(6, "two", "hold", true),
      decided(7, "three", "hold"),
      runAt(8, { commit: null, decision: "hold" }),
      runAt(9, { commit: "two", decision: "hold", more: { complete: false } }),
    ]);
    expect(flaky).toEqual([
      {
        scenario: "shop",
        revisions: 2,
        runs: 5,
        differing: 1,
        // Of three pairs and one, two differ.
        disagreement: 0.5,
        examples: [{ commit: "one", decisions: { ship: 2, hold: 1 } }],
      },
    ]);
  });
});

describe("a history's formats", () => {
  it("text is the same as the golden file, and fits the terminal", () => {
    const text = historyText(history, { color: false, width: 100 });
    expect(text).toBe(golden("history.txt", text));
    expect(text).not.toMatch(/NaN|undefined|null|Infinity|\[object/);
    const read = historyText(made([], unread), { color: false, width: 40 });
    expect(read).toContain("No run could be read.");
  });

  it("the page tells a level by where it begins alone, and places by their number", () => {
    const html = HISTORY_FORMATS["html"]!(history);
    const json = /<script type="application\/json" id="chart-data">(.*?)<\/script>/s.exec(
      html,
    )![1]!;
    interface Line {
      readonly dash?: readonly number[];
      readonly values: unknown;
    }
    const { plots } = JSON.parse(json) as {
      readonly plots: readonly { readonly x: { readonly at: unknown }; readonly lines: Line[] }[];
    };
    const places = history.runs.flatMap((run, at) => (run.scenario === "shop" ? [at] : []));
    const levels = plots.flatMap(({ lines }) => lines.filter(({ dash }) => dash !== undefined));
    expect(levels.length).toBeGreaterThan(2);
    for (const { values } of levels) {
      const { few } = values as { readonly few: readonly (readonly [number, number])[] };
      expect(few.map(([at]) => at)).toEqual([0, BAD, runs.length - 1]);
      expect(few[1]![1]).not.toBe(few[0]![1]);
      expect(few[2]![1]).toBe(few[1]![1]);
    }
    const whole = plots.filter(({ x }) => x.at === places.length);
    expect(whole.length).toBeGreaterThanOrEqual(1);
  });

  it("JSON is read back as it was", () => {
    expect(JSON.parse(HISTORY_FORMATS["json"]!(history))).toEqual(history);
  });

  it.skipIf(!hasChromium)(
    "the page draws the trends, and runs nothing that a run's texts hold",
    async () => {
      const evil = days(12, (index) =>
        runAt(index, {
          scenario: HOSTILE[index % 5]!,
          commit: HOSTILE[0],
          more: { host: { node: HOSTILE[1], os: HOSTILE[2], cpus: 1 } },
        }),
      );
      const folder = mkdtempSync(join(tmpdir(), "shakedown-history-"));
      const browser = await launchChromium();
      try {
        const path = join(folder, "history.html");
        for (const [told, view] of [
          [history, { viewport: VIEWPORTS.desk, dark: true }],
          [made(evil, [{ directory: HOSTILE[0], why: HOSTILE[3] }]), { viewport: VIEWPORTS.phone }],
        ] as const) {
          const html = HISTORY_FORMATS["html"]!(told);
          const { page, problems } = await openPage(browser, { path, html }, view);
          const charts = page.locator("[data-chart]");
          await charts.first().locator("canvas").waitFor();
          expect(await charts.count()).toBeGreaterThan(2);
          const wide = await page.evaluate("document.documentElement.scrollWidth - innerWidth");
          expect([problems, wide, await page.evaluate("globalThis.ran")]).toEqual([
            [],
            0,
            undefined,
          ]);
          await page.close();
        }
      } finally {
        await browser.close();
        rmSync(folder, { recursive: true, force: true });
      }
    },
  );
});
