import { statSync } from "node:fs";
import { get, type IncomingMessage, request, type RequestOptions } from "node:http";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { announce, canBeAsked, relayTo, withdraw } from "../../src/web/announce.ts";
import type { Asked, Steer } from "../../src/web/ask.ts";
import { startLiveServer } from "../../src/web/live-server.ts";
import { GOING, LiveDirectory, verdict } from "./live-fixtures.ts";

const TOOL = { name: "shakedown", version: "0.0.0" };

/** A server of a run that goes on, with what it was asked. */
async function serving(steer: Steer = () => null) {
  const asked: Asked[] = [];
  const server = await startLiveServer({
    port: 0,
    tool: TOOL,
    steer: (what) => {
      asked.push(what);
      return steer(what);
    },
    steerable: () => true,
  });
  const { host, port, pathname } = new URL(server.address);
  return { server, asked, host, port: Number(port), path: pathname };
}

async function textOf(response: IncomingMessage): Promise<string> {
  const pieces = await response.setEncoding("utf8").toArray();
  return pieces.join("");
}

/** Asks as anybody could, with whatever headers. */
function told(options: RequestOptions, body = ""): Promise<{ status: number; text: string }> {
  const { promise, reject, resolve } = Promise.withResolvers<{ status: number; text: string }>();
  const sent = request({ host: "127.0.0.1", ...options }, (response) => {
    void textOf(response).then((text) => resolve({ status: response.statusCode ?? 0, text }));
  });
  sent.on("error", reject);
  sent.end(body);
  return promise;
}

function opened(address: string, seen?: number): Promise<IncomingMessage> {
  const headers = seen === undefined ? {} : { "last-event-id": String(seen) };
  return new Promise((resolve) =>
    get(new URL("events", address), { headers, agent: false }, resolve),
  );
}

/** The events of a stream until `enough` of them have come, or it ends; ids with their entries' kinds. */
async function read(response: IncomingMessage, enough = Infinity): Promise<string[]> {
  let text = "";
  const whole = (): string[] =>
    [...text.matchAll(/id: (\d+)\ndata: \{"kind":"([\w-]+)"/g)].map(
      ([, id, kind]) => `${id} ${kind}`,
    );
  for await (const piece of response.setEncoding("utf8") as AsyncIterable<string>) {
    text += piece;
    if (whole().length >= enough) break;
  }
  response.destroy();
  return whole();
}

const events = async (address: string, enough: number, seen?: number): Promise<string[]> =>
  read(await opened(address, seen), enough);

const numbered = GOING.map(({ kind }, index) => `${index + 1} ${kind}`);
const JSON_TYPE = { "content-type": "application/json" };
const STOP = JSON.stringify({ ask: "stop" });

describe("who is let in", () => {
  it("nobody without the token, by another name, or from another page, whatever is asked", async () => {
    const { asked, path, port, server } = await serving();
    await using _server = server;
    const strangers: readonly RequestOptions[] = [
      { path: "/" },
      // Neither is a URL's path, and both must be answered.
      { path: "//" },
      { path: "http://[/" },
      { path: path.replace(/[0-9a-f](?=\/$)/, (last) => (last === "0" ? "1" : "0")) },
      { path: path.slice(0, -2) },
      { path, headers: { host: `evil.example:${port}` } },
      { path, headers: { host: "127.0.0.1:1" } },
      { path, headers: { origin: "http://evil.example" } },
      { path, headers: { origin: `http://localhost:${port}` } },
      { path, headers: { origin: "null" } },
      { path, headers: { "sec-fetch-site": "cross-site" } },
      { path, headers: { "sec-fetch-site": "same-site" } },
    ];
    const answers = await Promise.all(
      strangers.flatMap((stranger) =>
        ["", "events", "metrics"].map((what) =>
          told({ port, ...stranger, path: `${stranger.path}${what}` }),
        ),
      ),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([403]));
    expect(answers.map(({ text }) => text).join("")).not.toContain(path.slice(1, -1));
    for (const stranger of strangers) {
      const headers = { ...JSON_TYPE, ...(stranger.headers as Record<string, string>) };
      const ask = { port, ...stranger, path: `${stranger.path}ask`, method: "POST", headers };
      // oxlint-disable-next-line no-await-in-loop -- each by itself
      expect((await told(ask, STOP)).status).toBe(403);
    }
    expect(asked).toEqual([]);
  });

  it("its own page, and what is no browser", async () => {
    const { host, path, port, server } = await serving();
    await using _server = server;
    const own = { origin: `http://${host}`, "sec-fetch-site": "same-origin" };
    for (const headers of [own, {}, { host: `localhost:${port}` }]) {
      // oxlint-disable-next-line no-await-in-loop -- each by itself
      expect((await told({ port, path, headers })).status).toBe(200);
    }
  });
});

describe("what is asked", () => {
  it("is taken by POST alone, as JSON alone, and only what is on the list", async () => {
    const { asked, path, port, server } = await serving();
    await using _server = server;
    const ask = { port, path: `${path}ask`, headers: JSON_TYPE };
    const post = { ...ask, method: "POST" };
    const statuses = [
      await told({ ...ask, path: `${path}ask?ask=stop` }),
      await told({ ...ask, method: "PUT" }, STOP),
      await told({ ...post, headers: { "content-type": "text/plain" } }, STOP),
      await told(
        { ...post, headers: { "content-type": "application/x-www-form-urlencoded" } },
        STOP,
      ),
      await told(post, "{"),
      await told(post, JSON.stringify({ ask: "explode" })),
      await told(post, JSON.stringify({ ask: "stop", reason: "x".repeat(501) })),
      await told(post, JSON.stringify({ ask: "stop", reason: "x".repeat(9_000) })),
    ].map(({ status }) => status);
    expect(statuses).toEqual([404, 404, 415, 415, 400, 400, 400, 413]);
    expect(asked).toEqual([]);
    expect((await told(post, STOP)).status).toBe(200);
    expect(asked).toEqual([{ ask: "stop", reason: "" }]);
  });

  it("from another process goes to the run by its directory, and why it is not done comes back", async () => {
    using run = new LiveDirectory(GOING);
    const relay = relayTo(run.path);
    const ask: Asked = { ask: "roll-back", reason: "queues grow", by: "Ada" };
    expect(await relay(ask)).toMatch(/over, or was not started with --live/);
    const { asked, server } = await serving(({ by }) => (by === "Ada" ? null : "who are you?"));
    {
      await using _server = server;
      announce(run.path, server.address, process.pid);
      expect(statSync(join(run.path, "live.json")).mode & 0o077).toBe(0);
      expect(canBeAsked(run.path)).toBe(true);
      expect(await relay(ask)).toBeNull();
      expect(await relay({ ask: "stop", reason: "" })).toBe("who are you?");
      expect(asked).toHaveLength(2);
    }
    expect(await relay(ask)).toMatch(/does not answer/);
    withdraw(run.path);
    expect(canBeAsked(run.path)).toBe(false);
  });
});

describe("the events", () => {
  it("come from the first, go on after the last that was seen, and as the log grows", async () => {
    using run = new LiveDirectory(GOING);
    const { server } = await serving();
    await using _server = server;
    server.follow(run.path);
    expect(await events(server.address, GOING.length)).toEqual(numbered);
    expect(await events(server.address, 2, GOING.length - 2)).toEqual(numbered.slice(-2));
    const grown = events(server.address, 1, GOING.length);
    // A line that is not whole yet waits for its rest.
    run.addText(JSON.stringify(verdict).slice(0, 20));
    run.addText(`${JSON.stringify(verdict).slice(20)}\n`);
    expect(await grown).toEqual([`${GOING.length + 1} verdict`]);
  });

  it("reach a hundred who watch at once, and the last of them before they are let go", async () => {
    using run = new LiveDirectory(GOING);
    const { server } = await serving();
    server.follow(run.path);
    const all = await Promise.all(Array.from({ length: 100 }, () => opened(server.address)));
    run.add(verdict);
    const leaving = server[Symbol.asyncDispose]();
    const last = [...numbered, `${GOING.length + 1} verdict`];
    for (const seen of await Promise.all(all.map((each) => read(each)))) expect(seen).toEqual(last);
    await leaving;
  });
});

describe("a run that cannot be watched", () => {
  it.each([
    ["of another version", '{"kind":"begins","liveVersion":99}\n'],
    ["that is no JSON", "hello\n"],
  ])("%s is said, with its line", async (_, text) => {
    using run = new LiveDirectory([]);
    run.addText(text);
    const { server } = await serving();
    await using _server = server;
    expect(() => server.follow(run.path)).toThrow(/live\.ndjson:1 is no entry/);
    expect(() => server.follow(join(run.path, "nowhere"))).toThrow(/cannot read/);
  });
});

describe("the metrics", () => {
  it("are the sums and the last of what was told", async () => {
    using run = new LiveDirectory(GOING);
    const { path, port, server } = await serving();
    await using _server = server;
    server.follow(run.path);
    const { text } = await told({ port, path: `${path}metrics` });
    const lines = text.split("\n");
    expect(lines).toEqual(
      expect.arrayContaining([
        'shakedown_requests_planned_total{arm="control"} 1200',
        'shakedown_requests_failed_total{arm="variant"} 66',
        'shakedown_emulator_calls_total{dependency="payments",arm="variant"} 1200',
        'shakedown_response_time_seconds{arm="variant",quantile="0.99"} 0.3',
        'shakedown_effect_harm{arm="variant",metric="response_time_p90"} 0.31',
        "shakedown_stage 1",
      ]),
    );
  });
});
