import { describe, expect, it } from "vitest";
import { htmlFormat } from "../../src/report/html.ts";
import { type ReportModel, renderText, resultSchema } from "../../src/report/index.ts";
import { markdownFormat } from "../../src/report/markdown.ts";
import { singleStage } from "./fixtures.ts";

const held = (estimate: number, low: number, high: number) => ({
  level: 200,
  perHour: { estimate, low, high },
});

/** A run with a soak of six hours, in which one thing leaks and another is shared. */
function soaked(effect: NonNullable<ReportModel["result"]["soaks"]>[number]["effect"]) {
  const model = singleStage();
  const stage = model.result.stages.at(-1)!.name;
  const soak = {
    arm: "variant",
    stage,
    metric: "response_time_p50",
    kind: "relative" as const,
    judgedS: 21_600,
    horizonS: 21_600,
    effect,
    resources: [
      {
        resource: "memory",
        unit: "MB" as const,
        course: "leak" as const,
        control: held(-2, -5, 1),
        variant: held(62.1, 58.2, 66),
      },
      {
        resource: "open_files",
        unit: "count" as const,
        course: "shared" as const,
        control: held(12, 10, 14),
        variant: held(13, 11, 15),
      },
    ],
  };
  return { ...model, result: { ...model.result, soaks: [soak] } };
}

const MOVING = {
  course: "moving" as const,
  settled: null,
  change: { estimate: 0.08, low: 0.02, high: 0.14 },
};
const WORN = {
  course: "novelty" as const,
  settled: { atS: 3_000, early: 0.248, late: -0.004 },
  change: null,
};

const texts = async (model: ReportModel): Promise<string[]> => [
  renderText(model, { color: false, width: 200 }),
  (await markdownFormat.render(model)).replaceAll("\\", ""),
  await htmlFormat.render(model),
];

describe("what a soak showed", () => {
  it("follows the result's schema, and is said alike in the terminal, report.md and report.html", async () => {
    const model = soaked(MOVING);
    expect(() => resultSchema.parse(model.result)).not.toThrow();
    for (const text of await texts(model)) {
      const plain = text.replaceAll("\u00A0", " ");
      expect(plain).toContain("Over the soak");
      expect(plain).toMatch(
        /a leak of memory in variant: control −2 MB an hour \(−5 MB … \+1 MB\)/,
      );
      expect(plain).toContain("variant +62.1 MB an hour (+58.2 MB … +66 MB)");
      expect(plain).toContain("open files: both arms grow alike");
      expect(plain).toContain("did not keep its level: +8 % from beginning to end");
    }
  });

  it("a row that is inconclusive is no pass, and one that is not judged says why", () => {
    const { result, ...model } = soaked({ ...MOVING, course: "steady" });
    const [soak] = result.soaks;
    const [memory] = soak!.resources;
    const unknown = { resource: "sockets", unit: "count", course: "unknown" } as const;
    const resources = [
      { ...memory!, course: "steady" as const },
      { ...unknown, control: null, variant: null },
    ];
    const [like] = result.comparisons;
    const rowOf = (metric: string, status: "inconclusive" | "within-margin", why: string) => {
      const row = { ...like!, arm: "variant", metric, stage: soak!.stage, status };
      return { ...row, warnings: why === "" ? [] : [why] };
    };
    const all = (status: "inconclusive" | "within-margin"): string => {
      const sockets = rowOf("leak:sockets", "inconclusive", "too short to judge: about 10 m");
      const comparisons = [
        rowOf("drift:response_time_p50", status, ""),
        rowOf("leak:memory", status, ""),
        { ...sockets, unit: "per hour" as const, control: 12.3, variant: -4 },
      ];
      const soaks = [{ ...soak!, resources }];
      const given = { ...model, result: { ...result, comparisons, soaks } };
      return renderText(given, { color: false, width: 200 });
    };
    const told = (status: "inconclusive" | "within-margin"): string => {
      const text = all(status);
      return text.slice(text.indexOf("Over the soak"), text.indexOf("Ledger"));
    };
    const open = told("inconclusive");
    expect(open).toMatch(/\? effect on .*: no trend is shown, and none is excluded; \+8 %/);
    expect(open).toMatch(/\? memory: no leak beyond control’s is shown, and none is excluded; con/);
    expect(all("inconclusive")).toMatch(/12\.3\/h +→? *−4\/h/);
    expect(open).toContain("? sockets: too short to judge: about 10 m");
    const well = told("within-margin");
    expect(well).toMatch(/✓ effect on .*: no trend is shown; \+8 %/);
    expect(well).toMatch(/✓ memory: no leak beyond control’s is shown; control/);
  });

  it("says on what part of the time the verdict rests, where an effect wore off", async () => {
    for (const text of await texts(soaked(WORN))) {
      expect(text.replaceAll("\u00A0", " ")).toMatch(
        /wore off: \+24\.8 % in the first .*, −0\.4 % from then on, on which the verdict rests/,
      );
    }
  });

  it("is not there where nothing was soaked", async () => {
    for (const text of await texts(singleStage())) expect(text).not.toContain("Over the soak");
  });
});
