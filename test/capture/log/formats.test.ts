import { describe, expect, it } from "vitest";
import type { CaptureOptions } from "../../../src/capture/index.ts";
import { captureTexts } from "../reading.ts";
import { EXAMPLES } from "./examples.ts";

async function read(text: string, options: Partial<CaptureOptions> = {}) {
  const { profile, rejected } = await captureTexts(
    { "a.log": text },
    { redact: false, ...options },
  );
  const { manifest, records } = profile;
  return { manifest, records, rejected, reasons: rejected.map(({ reason }) => reason) };
}

describe("a line as each server's documentation has it", () => {
  it.each(Object.entries(EXAMPLES))("%s", async (name, example) => {
    const { logFormat } = example;
    const options = logFormat === undefined ? {} : { logFormat };
    const { manifest, records } = await read(`${example.text}\n`, options);
    expect(manifest.source[0]?.format).toBe(logFormat === undefined ? name : "log-format");
    expect(manifest.timePrecisionNs).toBe(example.precisionNs);
    const start = example.startedAt;
    expect(manifest.startedAt?.slice(0, start.length)).toBe(start);
    expect(records).toHaveLength(1);
    expect(records[0]).toMatchObject(example.record);
  });
});

describe("what a format cannot say is not claimed", () => {
  const clf = "10/Oct/2000:13:55:36 +0000";

  it("whole seconds of Apache's %T are no duration", async () => {
    const { records } = await read(`[${clf}] "GET / HTTP/1.1" 2`, { logFormat: '%t "%r" %T' });
    expect(records[0]?.serviceTimeUs).toBeUndefined();
  });

  it("a client that left early leaves the duration unknown, and the arrival known", async () => {
    const { records, manifest } = await read(`1700000000.500 "GET / HTTP/1.1" 499 0.400`, {
      logFormat: '$msec "$request" $status $request_time',
    });
    expect(records[0]).toMatchObject({ status: 499 });
    expect(records[0]?.serviceTimeUs).toBeUndefined();
    expect(manifest.startedAt).toBe("2023-11-14T22:13:20.100Z");
  });

  it("ends without durations come with a warning", async () => {
    const { manifest } = await read(`1700000000.500 "GET / HTTP/1.1"`, {
      logFormat: '$msec "$request"',
    });
    expect(manifest.warnings.join("\n")).toContain("are the times of completion");
  });

  it("an ALB's -1 is no duration of zero", async () => {
    const { records } = await read(EXAMPLES["alb"]!.text.replace("0.000 0.001", "-1 0.001"));
    expect(records[0]?.serviceTimeUs).toBeUndefined();
  });
});

describe("lines that are no requests are rejected, each with its reason", () => {
  it.each([
    ["alb", `tls 2.0 2018-12-20T02:59:40 net/a`, "the line is not of an ALB access log"],
    [
      "alb",
      EXAMPLES["alb"]!.text.replace(/"GET [^"]*"/, '"- http://h:80- "'),
      "no request was read",
    ],
    ["alb", EXAMPLES["alb"]!.text.replace("http ", "wss "), "it is a WebSocket"],
    ["haproxy", EXAMPLES["haproxy"]!.text.replace(/"GET .*/, '"<BADREQ>"'), "no request was read"],
    ["haproxy", EXAMPLES["haproxy"]!.text.slice(0, -1), "unterminated quote"],
    ["cloudfront", "2019-12-04\t21:02:31", "the line has too few columns"],
    ["envoy-json", `{"start_time":`, "the line is not JSON"],
    [
      "nginx-json",
      `{"msec":1700000000,"request":"GET / HTTP/1.1"}`,
      "the time is in whole seconds, unlike the first line's",
    ],
    ["envoy", "[warning] upstream gone", "the line does not fit the log format"],
  ])("%s: %s", async (name, line, reason) => {
    const { manifest, reasons } = await read(`${EXAMPLES[name]!.text}\n${line}\n`);
    expect(reasons).toEqual([reason]);
    expect(manifest.ledger).toMatchObject({ records: 2, kept: 1 });
  });
});

describe("a log format that cannot work is refused with what to do", () => {
  it.each([
    ["$remote_addr $status $msec", "does not say what was requested"],
    ['$status "$request"', "does not say when"],
    [
      "$msec $host$request_method $request_uri",
      "$host$request_method, whose values cannot be told",
    ],
    ["escape=xml $msec $request", "has escape=xml"],
    ["%{%Q}t %r", "%Q in %{%Q}t, which is not understood"],
    ["%h % %r %t", "a % that begins no directive"],
    ["nginx", "no log format is called"],
  ])("%s", async (logFormat, message) => {
    await expect(read("x", { logFormat })).rejects.toMatchObject({
      code: "USAGE",
      message: expect.stringContaining(message),
      hint: expect.stringMatching(/./),
    });
  });

  it("a file in another format is refused with the column", async () => {
    const file = read(`1.2.3.4 - "GET / HTTP/1.1"`, {
      logFormat: '$remote_addr [$msec] "$request"',
    });
    await expect(file).rejects.toMatchObject({
      code: "CAPTURE_FORMAT_UNKNOWN",
      message: expect.stringContaining(`from column 1 on there is no " ["`),
    });
  });
});

it("a container's runtime may have wrapped the lines", async () => {
  const envoy = EXAMPLES["envoy"]!;
  const lines = [
    `2026-01-01T00:00:00.123456789Z stdout F ${envoy.text}`,
    JSON.stringify({ log: `${envoy.text}\n`, stream: "stdout" }),
    `ACCESS ${envoy.text}`,
  ];
  const { records } = await read(lines.join("\n"));
  expect(records).toHaveLength(3);
  for (const record of records) expect(record).toMatchObject(envoy.record);
});

it("configuration directives are taken as they stand", async () => {
  const nginx = `log_format timed escape=json '{"at":"$msec",'\n  '"what":"$request","took":$request_time}';`;
  const apache = String.raw`LogFormat "%{msec}t \"%r\" %{ms}T" timed`;
  const byNginx = await read(`{"at":"1700000000.500","what":"GET /\\"a HTTP/1.1","took":0.250}`, {
    logFormat: nginx,
  });
  const byApache = await read(String.raw`1700000000250 "GET /\"a HTTP/1.1" 250`, {
    logFormat: apache,
  });
  for (const { records, manifest } of [byNginx, byApache]) {
    expect(manifest.startedAt).toBe("2023-11-14T22:13:20.250Z");
    expect(records[0]).toMatchObject({ path: '/"a', serviceTimeUs: 250_000 });
  }
});
