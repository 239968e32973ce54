import { describe, expect, it } from "vitest";
import {
  REPORT_FORMATS,
  type ReportModel,
  renderText,
  RESULT_SCHEMA_VERSION,
  resultJsonSchema,
  resultSchema,
} from "../../src/report/index.ts";
import { stageDecisions } from "../../src/report/look-words.ts";
import { FIXTURES, HOSTILE, hour, stoppedEarly } from "./fixtures.ts";
import { golden } from "./golden.ts";
import { rollBack } from "./verdict-fixtures.ts";

const HOUR_BYTES_MAX = 1_000_000;

async function render(name: string, model: ReportModel): Promise<string> {
  const format = REPORT_FORMATS.find((one) => one.name === name);
  if (format === undefined) throw new Error(`no format ${name}`);
  return format.render(model);
}

/** What a reader of the page can see or hear: no scripts, styles or tags, but labels. */
function readable(html: string): string {
  const labels = [...html.matchAll(/ (?:aria-label|title|data-label)="([^"]*)"/g)].map(
    ([, text]) => text,
  );
  const body = html
    .replaceAll(/<(script|style)\b[^>]*>[\s\S]*?<\/\1>/g, " ")
    .replaceAll(/<[^>]*>/g, " ");
  return `${body} ${labels.join(" ")}`;
}

const plain = (model: ReportModel, width = 110): string =>
  renderText(model, { color: false, width });

describe.each(Object.entries(FIXTURES))("the %s report", (name, make) => {
  it("follows the result's schema, in the model and in result.json", async () => {
    const model = make();
    expect(resultSchema.parse(model.result)).toEqual(model.result);
    expect(resultSchema.parse(JSON.parse(await render("json", model)))).toEqual(model.result);
  });

  it("is the same in Markdown and text as the golden files", async () => {
    const markdown = await render("markdown", make());
    expect(markdown).toBe(golden(`${name}.md`, markdown));
    expect(plain(make())).toBe(golden(`${name}.txt`, plain(make())));
  });

  it("has no NaN, undefined, null or Infinity where a reader would meet it", async () => {
    const model = make();
    const texts = [
      readable(await render("html", model)),
      await render("markdown", model),
      plain(model),
    ];
    const leaks = texts.map(
      (text) => /.{0,40}(?:\b(?:NaN|undefined|null|Infinity)\b|\[object)/.exec(text)?.[0],
    );
    expect(leaks).toEqual([undefined, undefined, undefined]);
  });

  it("asks nothing of the network", async () => {
    const html = await render("html", make());
    const tags =
      html.replaceAll(/(<script\b[^>]*>)[\s\S]*?(<\/script>)/g, "$1$2").match(/<[a-z][^>]*>/g) ??
      [];
    const targets = tags.flatMap((tag) => [
      ...tag.matchAll(/\s(?:src|href|srcset|action|data)="([^"]*)"/g),
    ]);
    expect(
      targets.map(([, target]) => target).filter((target) => !/^(?:#|data:,$)/.test(target ?? "")),
    ).toEqual([]);
    expect(html.match(/@import|url\(/)).toBeNull();
  });

  it("puts the decision and its reason first in every format", async () => {
    const model = make();
    const words = { ship: "ship", hold: "hold", "roll-back": "roll back", measured: "measured" };
    const word = words[model.result.decision ?? "measured"];
    const markdown = await render("markdown", model);
    expect(markdown.split("\n")[0]?.toLowerCase()).toContain(word);
    expect(plain(model).toLowerCase().startsWith(word)).toBe(true);
    const html = await render("html", model);
    expect(html.indexOf('class="word"')).toBeLessThan(html.indexOf("<h2"));
  });

  it("keeps every line of text within the terminal's width", () => {
    for (const width of [48, 80]) {
      const lines = plain(make(), width).split("\n");
      // A word that is longer than the line is left whole, so that it can be copied.
      const long = lines.filter((line) => line.length > width && line.trim().split(" ").length > 4);
      expect(long).toEqual([]);
    }
  });
});

describe("hostile strings", () => {
  const model = FIXTURES["hostile"]!();

  it("never open a tag, leave an attribute or end a script in HTML", async () => {
    const html = await render("html", model);
    expect(html.match(/<img\b/i)).toBeNull();
    const outside = html.replaceAll(/(<(script|style)\b[^>]*>)[\s\S]*?(<\/\2>)/g, "$1$3");
    const tags = outside.match(/<[a-z](?:[^>"]|"[^"]*")*>/g) ?? [];
    const bare = tags.map((tag) => tag.replaceAll(/"[^"]*"/g, ""));
    expect(bare.filter((tag) => /\son[a-z]+|[<>]./.test(tag.slice(1)))).toEqual([]);
    expect(html.match(/<script\b/g)).toHaveLength(7);
    expect(html.match(/<\/script>/g)).toHaveLength(7);
    expect(html.match(/<style\b/g)).toHaveLength(2);
  });

  it("never become markup, a table cell, a link or a mention in Markdown", async () => {
    const markdown = await render("markdown", model);
    const tags = markdown.match(/<[^>]*>/g) ?? [];
    expect([...new Set(tags)].toSorted()).toEqual([
      "</details>",
      "</sub>",
      "</summary>",
      "<details>",
      "<sub>",
      "<summary>",
    ]);
    expect(markdown).not.toMatch(/(?<!\\)\[e|@everyone|#1\b|https?:\/\/|www\./);
    const tables = markdown.split("\n\n").filter((block) => block.startsWith("|"));
    expect(tables.length).toBeGreaterThan(2);
    for (const block of tables) {
      const cellCounts = block.split("\n").map((line) => line.match(/(?<!\\)\|/g)?.length);
      expect(new Set(cellCounts).size).toBe(1);
    }
  });

  it("never steer a terminal", () => {
    const steering = Array.from(plain(model)).filter(
      (character) => character !== "\n" && /[\p{Cc}\p{Cf}]/u.test(character),
    );
    expect(steering).toEqual([]);
  });

  it("are still there to be read", async () => {
    const html = readable(await render("html", model));
    expect(html).toContain("&lt;/script&gt;&lt;img src=x onerror=globalThis.ran=1&gt;");
    expect(plain(model)).toContain(HOSTILE[0].split(" ")[0]);
  });
});

describe("a report", () => {
  it("of an hour with 50 routes and 5 dependencies stays under 1 MB", async () => {
    const html = await render("html", hour());
    expect(Buffer.byteLength(html)).toBeLessThan(HOUR_BYTES_MAX);
  });

  it("keeps the worst second of a long run in its pictures", async () => {
    const model = hour();
    const p99Us = model.timeline.arms[1]!.p99Us.map((value, index) =>
      index === 1_801 ? 9_876_000 : value,
    );
    const arms = model.timeline.arms.map((arm, index) => (index === 1 ? { ...arm, p99Us } : arm));
    const html = await render("html", { ...model, timeline: { ...model.timeline, arms } });
    const [, json = ""] = /id="chart-data">(.*?)<\/script>/s.exec(html) ?? [];
    const data = JSON.parse(json) as { atS: number[]; p99: number[][]; windowsPerPoint: number };
    expect(data.windowsPerPoint).toBe(5);
    expect(data.p99[1]?.[Math.floor(1_801 / 5)]).toBe(9_876);
    expect(data.p99[1]).toHaveLength(data.atS.length);
  });

  it("is coloured only when asked", () => {
    const esc = String.fromCharCode(27);
    const coloured = renderText(rollBack(), { color: true, width: 110 });
    expect(coloured).toContain(`${esc}[`);
    expect(coloured.replaceAll(new RegExp(`${esc}\\[\\d+m`, "g"), "")).toBe(plain(rollBack()));
  });

  it("refuses to write a number that is none into result.json", () => {
    const model = rollBack();
    const result = { ...model.result, run: { ...model.result.run, durationS: Number.NaN } };
    const format = REPORT_FORMATS.find(({ name }) => name === "json")!;
    expect(() => format.render({ ...model, result })).toThrow(
      /does not follow its schema[\s\S]*durationS/,
    );
  });

  it("in a narrow terminal is the same as its golden file", () => {
    const text = plain(rollBack(), 60);
    expect(text).toBe(golden("roll-back-60.txt", text));
  });
});

describe("what was decided while a run went on", () => {
  it("is in no report of a run without gates or stop, though it was looked at", async () => {
    const { gates: _, stoppedEarly: __, ...result } = stoppedEarly().result;
    const model = { ...stoppedEarly(), result };
    for (const format of ["html", "markdown"]) {
      expect(await render(format, stoppedEarly())).toContain("Decided while it ran");
      expect(await render(format, model)).not.toContain("Decided while it ran");
    }
  });

  it("tells each stage's decision and the metric nearest to its boundary", () => {
    const rows = stageDecisions(stoppedEarly().result);
    expect(rows.map(({ decision, stage }) => [stage, decision])).toEqual([
      ["half", "go-on"],
      ["full", "hold"],
      ["beyond", "stopped"],
    ]);
    expect(rows.map(({ evidence }) => evidence)).toEqual([
      "1.23 / 1,600 (40 blocks)",
      "22.4 / 1,600 (40 blocks)",
      "10^13 / 1,600 (12 blocks)",
    ]);
  });
});

describe("findings that pass", () => {
  it("are told in one line where they are many, and each where they are few", async () => {
    const model = rollBack();
    const passing = model.result.findings.find(({ status }) => status === "pass")!;
    const others = model.result.findings.filter(({ status }) => status !== "pass");
    for (const count of [6, 7]) {
      const passes = Array.from({ length: count }, (_, index) => ({
        ...passing,
        detector: `detector-${index}`,
      }));
      const told = { ...model, result: { ...model.result, findings: [...others, ...passes] } };
      for (const text of [await render("markdown", told), plain(told, 400)]) {
        expect(text.includes(`${count} findings pass: `)).toBe(count > 6);
        expect(text.split(passing.summary).length - 1).toBe(count > 6 ? 0 : count);
        for (const { summary } of others) expect(text).toContain(summary);
      }
      // The page folds them, and has each of them all the same.
      const page = readable(await render("html", told));
      expect(page.includes(`${count} findings pass: `)).toBe(count > 6);
    }
  });
});

describe("several runs, and the parts of the traffic", () => {
  it("are told in every format, and of neither is there a word where there is none", async () => {
    const model = rollBack();
    const primary = model.result.comparisons.find(({ role }) => role === "primary")!;
    const { better, control, effect, metric, role, stage, unit, variant } = primary;
    const compared = { better, control, effect, metric, stage, unit, variant };
    const part = { ...compared, by: "route", name: "GET /basket", adjustedP: 0.01, shown: true };
    const run = {
      run: 1,
      id: "aa",
      seed: "7/1",
      slots: ["variant", "control"],
      startedAt: model.result.run.startedAt,
      durationS: 10,
      complete: true,
      judged: true,
      comparisons: [{ metric, role, stage, effect }],
    };
    const cut = { complete: false, judged: false, incompleteBecause: "a fuse blew" };
    const result = resultSchema.parse({
      ...model.result,
      parts: [
        part,
        { ...part, name: "GET /quiet", shown: false },
        { ...part, name: "GET /rare", effect: null, adjustedP: null, shown: false },
      ],
      runs: [run, { ...run, ...cut, run: 2, seed: "7/2" }],
    });
    const told = { ...model, result };
    const words = [/GET \/basket/, /7\/1/, /7\/2/, /not judged: a fuse blew/];
    for (const [several, alone] of [
      [readable(await render("html", told)), readable(await render("html", model))],
      [await render("markdown", told), await render("markdown", model)],
      [plain(told, 400), plain(model, 400)],
    ] as const) {
      for (const word of words) {
        expect(several).toMatch(word);
        expect(alone).not.toMatch(word);
      }
    }
    // The page's table has all parts, to be sorted; elsewhere only those that differ are told.
    const page = readable(await render("html", told));
    expect(page).toMatch(/GET \/quiet[\s\S]*GET \/rare[\s\S]{0,80}–/);
    expect(page).not.toMatch(/NaN/);
    expect(await render("markdown", told)).not.toContain("GET /quiet");
    expect(plain(told, 400)).not.toContain("GET /quiet");
    const html = await render("html", model);
    expect(html.includes('id="parts"') || html.includes('id="runs"')).toBe(false);
  });
});

describe("the result's JSON Schema", () => {
  it("is a draft 2020-12 schema of a closed object with every field described by type", () => {
    const schema = resultJsonSchema() as {
      $schema: string;
      type: string;
      required: string[];
      additionalProperties: boolean;
      properties: Record<string, { description?: string }>;
    };
    expect(schema.$schema).toBe("https://json-schema.org/draft/2020-12/schema");
    expect(schema).toMatchObject({ type: "object", additionalProperties: false });
    const optional = new Set([
      "assignment",
      "verdicts",
      "cuts",
      "factors",
      "gates",
      "heldRamps",
      "looks",
      "needs",
      "responses",
      "runs",
      "soaks",
      "stoppedEarly",
      "throttlings",
    ]);
    expect(schema.required.toSorted()).toEqual(
      Object.keys(resultSchema.shape)
        .filter((key) => !optional.has(key))
        .toSorted(),
    );
    expect(schema.properties["schemaVersion"]).toMatchObject({ const: RESULT_SCHEMA_VERSION });
    expect(JSON.stringify(schema)).not.toContain('"$ref":"#/definitions');
  });
});
