import { brotliCompressSync, gzipSync } from "node:zlib";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ResponsePair } from "../../src/measure/index.ts";
import { compareAnswers, type Answer } from "../../src/replay/answers/compare.ts";
import { Ignored } from "../../src/replay/answers/ignore.ts";
import { JSON_BOUNDS, jsonDifferences, REST } from "../../src/replay/answers/json-difference.ts";
import { shownValue } from "../../src/replay/answers/shown.ts";
import {
  AnswerWatch,
  isRepeat,
  plannedSeq,
  responseRules,
  withRepeats,
} from "../../src/replay/answers/index.ts";
import { Exchange } from "../../src/replay/index.ts";
import { answer, every, MS, S, startAt, virtualRun } from "./virtual-run.ts";

const pathsOf = (control: unknown, other: unknown): string[] =>
  jsonDifferences(control, other).map(({ path }) => path);

const plain: Answer = { status: 200, headers: [], body: Buffer.from("{}") };
const none = new Ignored([]);
const fieldsOf = (control: Partial<Answer>, other: Partial<Answer>, ignored = none): string[] =>
  compareAnswers({ ...plain, ...control }, { ...plain, ...other }, ignored).differences.map(
    ({ field }) => field,
  );

describe("where two documents differ", () => {
  it("a document equals itself, however its members are ordered", () => {
    const turned = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(turned);
      if (typeof value !== "object" || value === null) return value;
      const members = Object.entries(value).toReversed();
      return Object.fromEntries(members.map(([name, each]) => [name, turned(each)]));
    };
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const copy = JSON.parse(JSON.stringify(value)) as unknown;
        expect(pathsOf(copy, turned(copy))).toEqual([]);
      }),
    );
  });

  it("documents differ somewhere exactly if they are not the same, whichever comes first", () => {
    const canonical = (value: unknown): string =>
      JSON.stringify(value, (_name, each: unknown) =>
        typeof each === "object" && each !== null && !Array.isArray(each)
          ? Object.fromEntries(Object.entries(each).toSorted(([a], [b]) => (a < b ? -1 : 1)))
          : each,
      );
    const small = fc.json({ maxDepth: 3 }).map((text) => JSON.parse(text) as unknown);
    fc.assert(
      fc.property(small, small, (a, b) => {
        expect(pathsOf(a, b).length > 0).toBe(canonical(a) !== canonical(b));
        expect(new Set(pathsOf(b, a))).toEqual(new Set(pathsOf(a, b)));
      }),
    );
  });

  it("a place is named as RFC 9535 does, any index alike, and what is absent is a difference", () => {
    const control = { items: [{ price: 1 }, { price: 2 }], "a b": 1, n: null };
    const other = { items: [{ price: 1 }, { price: 3 }, {}], "a b": 2 };
    expect(pathsOf(control, other)).toEqual([
      '$["a b"]',
      "$.n",
      "$.items.length()",
      "$.items[*].price",
    ]);
  });

  it("neither depth nor breadth is too much: what is left out is told", () => {
    const deep = (last: string): unknown =>
      JSON.parse(`${"[".repeat(100_000)}${last}${"]".repeat(100_000)}`);
    expect(pathsOf(deep("1"), deep("1"))).toEqual([REST]);
    const nested = (last: string): unknown =>
      JSON.parse(`${"[".repeat(5_000)}${last}${"]".repeat(5_000)}`);
    expect(pathsOf(nested("1"), nested("1"))).toEqual([]);
    expect(pathsOf(nested("1"), nested("2"))).toEqual([`$${"[*]".repeat(JSON_BOUNDS.depth)}`]);
    const broad = (value: number) =>
      Object.fromEntries(Array.from({ length: 1_000 }, (_, i) => [`m${i}`, value]));
    expect(pathsOf(broad(1), broad(2))).toHaveLength(JSON_BOUNDS.paths + 1);
    const named = JSON.parse(`{"__proto__": 1, "${"x".repeat(1_000)}": 1}`) as unknown;
    expect(pathsOf(named, {}).every((path) => path.length < 200)).toBe(true);
  });
});

describe("where two answers differ", () => {
  it("with different statuses, or one answer alone, nothing else is told", () => {
    expect(fieldsOf({ status: 200 }, { status: 500, body: Buffer.from("x") })).toEqual(["status"]);
    const alone = compareAnswers(plain, { error: "timeout" }, none);
    expect(alone.differences).toEqual([{ field: "status", control: "200", other: "timeout" }]);
    const neither = compareAnswers({ error: "reset" }, { error: "timeout" }, none);
    expect(neither).toEqual({ skipped: "unanswered", differences: [] });
  });

  it("headers are compared by name, whatever its case, but those that differ by what they are", () => {
    const control = ["ETag", '"1"', "Date", "a", "X-A", "1", "x-a", "2"];
    const other = ["etag", '"2"', "date", "b", "x-a", "1, 2", "X-New", "1"];
    expect(fieldsOf({ headers: control }, { headers: other })).toEqual([
      "header etag",
      "header x-new",
    ]);
    const ignored = new Ignored(["header:ETag"]);
    expect(fieldsOf({ headers: control }, { headers: other }, ignored)).toEqual(["header x-new"]);
  });

  it("bodies are compared with their coding undone", () => {
    const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
    const gzip = { headers: ["content-encoding", "gzip"], body: gzipSync(json({ a: 1 })) };
    const br = { headers: ["content-encoding", "br"], body: brotliCompressSync(json({ a: 2 })) };
    expect(fieldsOf(gzip, { body: json({ a: 1 }) })).toEqual([]);
    expect(fieldsOf(gzip, br)).toEqual(["$.a"]);
  });

  it("what cannot be compared is told as such, never as equal", () => {
    const skipped = (body: Buffer | null, coding = "gzip"): unknown =>
      compareAnswers(plain, { ...plain, headers: ["content-encoding", coding], body }, none);
    const bomb = gzipSync(Buffer.alloc(8 * 1_024 * 1_024));
    for (const [body, coding, why] of [
      [null, "identity", "too-large"],
      [bomb, "gzip", "undecodable"],
      [Buffer.from("no gzip"), "gzip", "undecodable"],
      [Buffer.from("{}"), "constructor", "undecodable"],
    ] as const) {
      expect(skipped(body, coding)).toEqual({ skipped: why, differences: [] });
    }
  });

  it("what is no JSON in UTF-8, or cut short, differs as a whole", () => {
    for (const body of ["{", '{"a":1', "text", "", "\u0000"]) {
      expect(fieldsOf({}, { body: Buffer.from(body) })).toEqual(["body"]);
    }
    const [one, two] = [Buffer.from([0x22, 0xff, 0x22]), Buffer.from([0x22, 0xfe, 0x22])];
    expect(fieldsOf({ body: one }, { body: two })).toEqual(["body"]);
  });

  it("what is ignored is left out with all that is beneath it, and nothing else", () => {
    const ignored = new Ignored(["$.meta", "$.items[0].id"]);
    const control = { meta: { at: 1 }, metadata: 1, items: [{ id: 1, n: 1 }] };
    const other = { meta: { at: 2 }, metadata: 2, items: [{ id: 2, n: 2 }] };
    const body = (value: unknown): Partial<Answer> => ({
      body: Buffer.from(JSON.stringify(value)),
    });
    expect(fieldsOf(body(control), body(other), ignored)).toEqual(["$.metadata", "$.items[*].n"]);
    for (const wrong of ["id", "header:", "header:a b", "$x"]) {
      expect(responseRules.safeParse({ ignore: [wrong] }).success).toBe(false);
    }
  });

  it("values are shown short, and none that looks like a secret or a person", () => {
    expect(shownValue("$.n", 5)).toBe("5");
    expect(shownValue("$.note", "x y".repeat(100))).toHaveLength(60);
    for (const [field, value] of [
      ["$.token", "abc"],
      ["header set-cookie", "a=b"],
      ["$.who", "ann@example.com"],
      ["$.x", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0"],
      ["$.x", "+49 170 1234567"],
    ] as const) {
      expect(shownValue(field, value)).not.toContain(value);
    }
  });
});

describe("starts that are repeated", () => {
  const starts = Array.from({ length: 20_000 }, (_, seq) => startAt(seq, seq * MS));

  it("come right behind, at the same moment, in the share asked for, and only where they may", () => {
    const all = [...withRepeats(starts, "seed", 0.1, ({ record }) => record !== 1)];
    const repeats = all.filter(({ seq }) => isRepeat(seq));
    for (const [place, start] of all.entries()) {
      if (!isRepeat(start.seq)) continue;
      expect(start.record).not.toBe(1);
      expect({ ...start, seq: start.seq - 1 }).toEqual(all[place - 1]);
    }
    const planned = all.filter(({ seq }) => !isRepeat(seq));
    expect(planned.map(({ seq }) => plannedSeq(seq))).toEqual(starts.map(({ seq }) => seq));
    const share = repeats.length / starts.filter(({ record }) => record !== 1).length;
    // Five standard errors of a share of 10 % in 13,333.
    expect(Math.abs(share - 0.1)).toBeLessThan(0.013);
  });
});

describe("a watch over answers", () => {
  const rules = responseRules.parse({ sample: "100%", repeat: "30%" });
  const routes = ["GET /0", "GET /1", "POST /2"];

  interface Told {
    readonly arm: number;
    readonly seq: number;
  }

  /** Tells a watch of every answer that it wants, in an order drawn from `order`. */
  function tellAll(order: readonly number[], keptBytesMax?: number) {
    const pairs: ResponsePair[] = [];
    const bounded = keptBytesMax === undefined ? {} : { keptBytesMax };
    const onPair = (pair: ResponsePair): void => void pairs.push(pair);
    const watch = new AnswerWatch({ rules, seed: "seed", arms: 3, routes, onPair, ...bounded });
    const may = ({ record }: { record: number }): boolean => record < 2;
    const starts = [...withRepeats(every(MS, 40), "seed", rules.repeat, may)];
    const wanted: Told[] = starts.flatMap((start) =>
      [0, 1, 2].flatMap((arm) =>
        watch.wants(arm, start, start.record) ? [{ arm, seq: start.seq }] : [],
      ),
    );
    const drawn = wanted
      .map((told, i) => ({ told, place: order[i % order.length]! * 1_000 + i }))
      .toSorted((a, b) => a.place - b.place);
    for (const { told } of drawn) {
      const body = Buffer.from(JSON.stringify({ arm: told.arm }));
      watch.answered(Object.assign(new Exchange(), told, { status: 200, responseBody: body }));
    }
    return { pairs, starts, wanted };
  }

  it("compares each variant with control, and control with its repeat, once, in whatever order they come", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(50), { minLength: 1, maxLength: 97 }), (order) => {
        const { pairs, starts } = tellAll(order);
        const told = pairs.map(({ arm, seq }) => `${arm} ${seq}`);
        const planned = starts.filter(({ record }) => record < 2);
        const expected = planned.flatMap(({ seq }) =>
          isRepeat(seq) ? [`0 ${seq - 1}`] : [`1 ${seq}`, `2 ${seq}`],
        );
        expect(told.toSorted()).toEqual(expected.toSorted());
        for (const { arm, fields } of pairs) expect(fields).toEqual(arm === 0 ? [] : ["$.arm"]);
      }),
      { numRuns: 30 },
    );
  });

  it("keeps no more than it may, and tells what it let go", () => {
    const { pairs } = tellAll([5, 3, 1], 100);
    const kept = pairs.filter(({ skipped }) => skipped === undefined);
    expect(kept.length).toBeLessThan(pairs.length);
    expect(pairs.filter(({ skipped }) => skipped !== undefined)).not.toEqual([]);
  });

  it("brings values for the first of each field only", () => {
    const { pairs } = tellAll([1]);
    const shown = pairs.filter(({ examples }) => examples !== undefined);
    // Two of each arm and route.
    expect(shown).toHaveLength(8);
  });
});

it("a replay compares what its arms answer, and sends repeats to all of them", async () => {
  const pairs: ResponsePair[] = [];
  const rules = responseRules.parse({ sample: "50%", repeat: "20%" });
  const routes = ["GET /0", "GET /1", "GET /2"];
  const answers = new AnswerWatch({
    rules,
    seed: "seed",
    arms: 2,
    routes,
    onPair: (pair) => pairs.push(pair),
  });
  const starts = [...withRepeats(every(MS, 400), "seed", rules.repeat, () => true)];
  const says = (arm: number) => (exchange: { seq: number }) => {
    const body = Buffer.from(JSON.stringify({ arm, id: exchange.seq }));
    return { ...answer((1 + (exchange.seq % 7)) * MS), headers: ["x-arm", `${arm}`], body };
  };
  const run = virtualRun(starts, [says(0), says(1)], { answers });
  run.time.advanceTo(5 * S);
  await run.done;
  const repeats = starts.filter(({ seq }) => isRepeat(seq)).length;
  expect(run.transports.map(({ sent }) => sent.length)).toEqual([400 + repeats, 400 + repeats]);
  const again = pairs.filter(({ arm }) => arm === 0);
  const between = pairs.filter(({ arm }) => arm === 1);
  expect(again).toHaveLength(repeats);
  expect(between.length).toBeGreaterThan(repeats);
  expect(between.length).toBeLessThan(400);
  for (const { fields } of again) expect(fields).toEqual(["$.id"]);
  for (const { fields } of between) expect(fields).toEqual(["header x-arm", "$.arm"]);
});
