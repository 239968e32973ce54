import { createHmac } from "node:crypto";
import { readFile } from "node:fs/promises";
import { isIP } from "node:net";
import { gunzipSync, gzipSync } from "node:zlib";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { captureProfile, createPseudonyms, redactBody, Redactor } from "../../src/capture/index.ts";
import { isSecretName } from "../../src/capture/redact/redactor.ts";
import { captureTexts, fixture, gorOf, gorRequest, KEYED } from "./reading.ts";

const KEY = Buffer.alloc(32, 1);
const redactor = (): Redactor => new Redactor(KEY);
const bodyOf = (text: string, type: string): string =>
  redactBody(Buffer.from(text), { type, coding: "" }, redactor()).toString();

/** Mixed-class secrets, long enough that chance cannot give one back. */
const secret = fc.stringMatching(/^[A-Za-z0-9]{12,40}$/);

describe("pseudonyms", () => {
  const pseudonyms = createPseudonyms(KEY);

  it("length in characters and bytes, and each character's class, are kept; the text is not", () => {
    const classOf = (char: string): string =>
      /[0-9]/.test(char) ? "9" : /[a-z]/.test(char) ? "a" : /[A-Z]/.test(char) ? "A" : "other";
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 80 }), (text) => {
        const made = pseudonyms.text(text);
        expect(Buffer.byteLength(made)).toBe(Buffer.byteLength(text));
        expect(Array.from(made, classOf)).toEqual(Array.from(text, classOf));
        expect(made === text && /[A-Za-z0-9]/.test(text)).toBe(false);
        expect(pseudonyms.text(text)).toBe(made);
      }),
    );
  });

  it("another key gives other pseudonyms, and hex stays hex", () => {
    const other = createPseudonyms(Buffer.alloc(32, 2));
    fc.assert(
      fc.property(fc.uuid(), (uuid) => {
        expect(pseudonyms.text(uuid)).toMatch(/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
        expect(pseudonyms.text(uuid)).not.toBe(other.text(uuid));
      }),
    );
  });

  it("ids are HMAC-SHA256 of their values, as Node has it too, whatever the key's length", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 100 }), fc.string(), (key, text) => {
        const expected = createHmac("sha256", key).update(`id\0${text}`).digest("hex");
        expect(createPseudonyms(Buffer.from(key)).id(text)).toBe(expected.slice(0, 16));
      }),
    );
  });

  it("addresses stay addresses of the same length, and card numbers pass their check", () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (address) => {
        const made = pseudonyms.ip(address);
        expect(made).toHaveLength(address.length);
        expect(isIP(made)).toBe(isIP(address));
        expect(made === address && /[0-9a-f]/i.test(address)).toBe(false);
      }),
    );
    const made = pseudonyms.card("4111 1111 1111 1111");
    expect(made).toMatch(/^4\d{3}(?: \d{4}){3}$/);
    expect(made).not.toBe("4111 1111 1111 1111");
    // A card number is recognised by its check digit, so its pseudonym is recognised again.
    const again = new Redactor(KEY);
    again.text(made);
    expect(again.counts).toEqual([{ rule: "card", count: 1 }]);
  });
});

describe("redaction", () => {
  it("no secret survives, wherever it stands, and equal ones stay equal", () => {
    fc.assert(
      fc.property(secret, (value) => {
        const r = redactor();
        const made = [
          r.header("authorization", `Bearer ${value}`),
          r.header("cookie", `theme=${value}; b=${value}`),
          r.header("set-cookie", `a=${value}; Path=/; HttpOnly`),
          r.header("x-api-key", value),
          r.header("x-csrf-token", value),
          r.header("x-order-session", value),
          r.header(
            "referer",
            `https://bob:${value}@shop/a?access_token=${value}&b=1#id_token=${value}`,
          ),
          r.header("x-context", JSON.stringify({ auth: value })),
          r.path(`/cart;jsessionid=${value}?password=${value}&next=%2Fx%3Fapi_key%3D${value}`),
          r.path(`/graphql?variables=${encodeURIComponent(JSON.stringify({ token: value }))}`),
          bodyOf(
            JSON.stringify({ user: { Password: value, credentials: [value, { a: value }] } }),
            "",
          ),
          bodyOf(`{"id":1}\n{"secret":"${value}"}\n`, "application/x-ndjson"),
          bodyOf(`{"query":"mutation{login(password:\\"${value}\\"){id}}"}`, "application/json"),
          bodyOf(`{"apiKey":"${value}`, "application/json"),
          bodyOf(`a=1&client_secret=${value}`, "application/x-www-form-urlencoded"),
          bodyOf(`<a><Password x="1">${value}</Password></a>`, "text/xml"),
          bodyOf(
            `--b\r\nContent-Disposition: form-data; name="password"\r\n\r\n${value}\r\n--b--\r\n`,
            "multipart/form-data; boundary=b",
          ),
        ];
        expect(made.filter((text) => text.includes(value))).toEqual([]);
        const pseudonym = createPseudonyms(KEY).text(value);
        expect(made.filter((text) => !text.includes(pseudonym))).toEqual([]);
      }),
      { numRuns: 50 },
    );
  });

  it.each([
    "key",
    "code",
    "pwd",
    "sig",
    "X-Amz-Signature",
    "private_key",
    "accessKey",
    "cvv",
    "sid",
  ])("a value called %s is a secret, in a query, a form and JSON", (name) => {
    expect(isSecretName(name)).toBe(true);
  });

  it.each(["keyboard", "zipcode", "author", "keywords", "signal", "pinned", "design"])(
    "a value called %s is none",
    (name) => {
      expect(isSecretName(name)).toBe(false);
    },
  );

  it("what gives itself away by its form goes from any value, encoded or not", () => {
    const jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl";
    const given = [
      jwt,
      "ann.b+c@mail.example.com",
      "4111-1111-1111-1111",
      "203.0.113.9",
      "2001:db8::1",
    ];
    for (const value of given) {
      const encoded = encodeURIComponent(value);
      for (const text of [
        redactor().header("x-note", `see ${value}, please`),
        redactor().path(`/users/${encoded}/edit?q=${encoded}&${encoded}`),
        bodyOf(JSON.stringify({ a: ["x", `to ${value}`] }), "application/json"),
        bodyOf(`note=${encoded}`, "application/x-www-form-urlencoded"),
        bodyOf(`plain ${value} text`, "text/plain"),
        bodyOf(`[2024-01-01] ${value} logged in`, "text/plain"),
      ]) {
        expect(decodeURIComponent(text)).not.toContain(value);
      }
    }
    expect(bodyOf('{"card":4111111111111111}', "")).not.toContain("4111111111111111");
    expect(() => JSON.parse(bodyOf('{"card":4111111111111111}', "")) as unknown).not.toThrow();
  });

  it("what is no secret keeps its bytes", () => {
    for (const path of [
      "/api_tokens",
      "/session/new?page=2&author=bob&q=%2f%E2%9C%93+x",
      "/logo@2x.png?v=1.2.3.4.5&t=1568139746437296000",
      "/a%zz%?=&&b",
    ]) {
      expect(redactor().path(path)).toBe(path);
    }
    const agent = "Mozilla/5.0 rv:1.9.2.13 Chrome/114.0.0.0 Safari/5.0.4.1";
    expect(redactor().header("user-agent", agent)).toBe(agent);
    const json = '{ "id" : 1.50e3, "at":"10:05:03", "s":"a\\u0041\\/", "n":null, "e":[ ] }';
    expect(bodyOf(json, "application/json")).toBe(json);
  });

  it("JSON of any shape stays JSON of that shape under secret keys", () => {
    const shape = (value: unknown): unknown =>
      Array.isArray(value)
        ? value.map(shape)
        : typeof value === "object" && value !== null
          ? Object.values(value).map(shape)
          : typeof value;
    fc.assert(
      fc.property(fc.json({ maxDepth: 4 }), (json) => {
        const text = `{"token":${json},"after":${json}}`;
        expect(shape(JSON.parse(bodyOf(text, "application/json")))).toEqual(
          shape(JSON.parse(text)),
        );
      }),
    );
  });

  it("any text at all is taken without a failure, and keeps its length", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary-ascii", maxLength: 200 }), (text) => {
        const r = redactor();
        expect(r.header("x-any", text)).toHaveLength(text.length);
        expect(r.header("cookie", text)).toHaveLength(text.length);
        expect(r.path(`/${text}`)).toHaveLength(text.length + 1);
      }),
      { numRuns: 500 },
    );
  });

  it("a compressed body is redacted inside; one that cannot be read is refused", () => {
    const packed = gzipSync('{"password":"hunter2hunter2"}');
    const made = redactBody(packed, { type: "application/json", coding: "gzip" }, redactor());
    expect(gunzipSync(made).toString()).toMatch(/^\{"password":"[a-z]{6}\d[a-z]{6}\d"\}$/);
    expect(gunzipSync(made).toString()).not.toContain("hunter");
    for (const coding of ["gzip", "zstd", "aes"]) {
      expect(() => redactBody(Buffer.from("x"), { type: "", coding }, redactor())).toThrow(
        "could not be undone",
      );
    }
  });

  it("a long body is done in one pass", () => {
    const long = "a.".repeat(2 ** 21);
    expect(bodyOf(JSON.stringify({ blob: long, token: long }), "application/json")).toHaveLength(
      long.length * 2 + 22,
    );
    expect(bodyOf(":".repeat(100_000), "text/plain")).toHaveLength(100_000);
    expect(bodyOf("<a".repeat(20_000), "text/xml")).toHaveLength(40_000);
  });
});

describe("redaction at the door", () => {
  it("no cookie value or token of a real capture is in its profile, and sessions hold", async () => {
    const original = await readFile(fixture("storefront-excerpt.gor"), "latin1");
    const values = new Set<string>();
    for (const [, cookies = ""] of original.matchAll(/^Cookie: (.*?)\r$/gm)) {
      for (const pair of cookies.split("; ")) values.add(pair.slice(pair.indexOf("=") + 1));
    }
    for (const [, token = ""] of original.matchAll(/^X-Spree-Order-Token: (.*?)\r$/gm)) {
      values.add(token);
    }
    expect(values.size).toBe(15);
    const { profile } = await captureProfile([fixture("storefront-excerpt.gor")], KEYED);
    const text = JSON.stringify(profile);
    expect(
      [...values].filter((value) => text.includes(`=${value}`) || text.includes(`"${value}`)),
    ).toEqual([]);
    expect(profile.manifest.redaction.values).toEqual([
      { rule: "cookie", count: 120 },
      { rule: "header", count: 2 },
    ]);
    // Its Rails session cookie rotates at each answer; the visitor's token does not.
    expect(profile.manifest.counts.sessions).toBe(1);
    const again = await captureProfile([fixture("storefront-excerpt.gor")], KEYED);
    expect(again.profile).toEqual(profile);
    const other = await captureProfile([fixture("storefront-excerpt.gor")], {
      ...KEYED,
      key: Buffer.alloc(32, 8),
    });
    expect(other.profile.records[0]?.headers).not.toEqual(profile.records[0]?.headers);
  });

  it("what comes again is counted again, once each time, whatever headers stand beside it", async () => {
    const headers =
      "Cookie: a=b12345\r\nConnection: close, X-Hop\r\nX-Hop: 1\r\nX-Token: c12345\r\n";
    const request = gorRequest("GET /a?token=d12345", { headers });
    const { profile } = await captureTexts({ "x.gor": gorOf(request, request, request) });
    expect(profile.manifest.redaction.values).toEqual([
      { rule: "cookie", count: 3 },
      { rule: "header", count: 3 },
      { rule: "query", count: 3 },
    ]);
    expect(profile.records[2]?.headers.map(([name]) => name)).toEqual(["cookie", "x-token"]);
  });

  it("a body that cannot be read is rejected, not kept as it is; without redaction it is kept", async () => {
    const headers = "Content-Encoding: aes\r\nContent-Length: 3\r\n";
    const files = {
      "x.gor": gorOf(gorRequest("POST /a", { headers, body: "abc" }), gorRequest("GET /b")),
    };
    const redacted = await captureTexts(files);
    expect(redacted.profile.manifest.ledger).toEqual({
      records: 2,
      kept: 1,
      filtered: 0,
      rejected: [
        { reason: "the body's content coding could not be undone, so not redacted", count: 1 },
      ],
    });
    const open = await captureTexts(files, { redact: false });
    expect(open.profile.manifest.ledger.kept).toBe(2);
    expect(open.profile.manifest.redaction).toEqual({ enabled: false, values: [] });
    expect(open.profile.manifest.warnings[0]).toMatch(/^redaction was off/);
  });
});
