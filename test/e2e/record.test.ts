import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { request } from "undici";
import { afterEach, describe, expect, it } from "vitest";
import { readProfile } from "../../src/profile/index.ts";
import { loopbackTarget, selfSignedCertificate } from "../../src/testing/index.ts";
import { ROOT, Running, shakedown } from "./cli.ts";
import { newScratch, OK, serve, tidyUp } from "./replay-fixture.ts";
import { freePort } from "../../src/run/free-port.ts";

const NAMES = ["payments", "catalog", "reviews"] as const;
const running: Running[] = [];
const shops: ChildProcess[] = [];

function run(...args: readonly string[]): Running {
  const one = new Running(args);
  running.push(one);
  return one;
}

afterEach(async () => {
  for (const one of running.splice(0)) {
    one.child.kill("SIGKILL");
    await one.ended;
  }
  for (const shop of shops.splice(0)) shop.kill("SIGKILL");
  await tidyUp();
});

const urlsIn = (text: string, pattern: RegExp): Map<string, string> =>
  new Map([...text.matchAll(pattern)].map(([, name, url]) => [name!.toLowerCase(), url!]));

/** The sample shop, with its dependencies at these addresses. */
async function startShop(port: number, urls: ReadonlyMap<string, string>): Promise<void> {
  const env: Record<string, string> = { PORT: String(port) };
  for (const name of NAMES) env[`${name.toUpperCase()}_URL`] = urls.get(name)!;
  const shop = spawn(process.execPath, [join(ROOT, "scenarios/services/storefront.ts")], {
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  shops.push(shop);
  await once(shop.stdout, "data");
}

const traceparent = (i: number): string =>
  `00-4bf92f3577b34da6a3ce929d0e0e${String(i).padStart(4, "0")}-00f067aa0ba902b7-01`;

describe("shakedown record", () => {
  it("in front of the sample shop: a profile with its dependency calls, which can be replayed", async () => {
    const scratch = newScratch();
    const out = join(scratch.path, "shop.ndjson.gz");
    const emulated = run("emulate", join(ROOT, "scenarios/aa.yaml"), "--no-admin");
    await emulated.until(/until Ctrl-C/);
    const real = urlsIn(emulated.stdout, /^([A-Z]+)_URL=(\S+?)\/?$/gm);
    const shopPort = await freePort();
    const flags = NAMES.flatMap((name) => ["--dependency", `${name}=:0=${real.get(name)}`]);
    const upstream = `http://127.0.0.1:${shopPort}`;
    const recorder = run("record", "--listen", ":0", "--upstream", upstream, "-o", out, ...flags);
    await recorder.until(/until Ctrl-C/);
    const addresses = urlsIn(recorder.stdout, /^(\w+) (http:\S+)$/gm);
    await startShop(shopPort, addresses);
    const asked = Array.from({ length: 20 }, async (_, i) => {
      const path = ["/", "/products/mug", "/api_tokens", "/assets/a.css"][i % 4]!;
      const headers = { traceparent: traceparent(i) };
      const answer = await request(`${addresses.get("service")}${path}`, { headers });
      await answer.body.dump();
    });
    await Promise.all(asked);
    recorder.child.kill("SIGINT");
    const { code, stdout } = await recorder.ended;
    expect(code).toBe(0);
    expect(stdout).toMatch(/recorded: 20 requests/);

    const { manifest, records } = await readProfile(out);
    expect(records).toHaveLength(20);
    const called = records.filter(({ dependencyCalls }) => dependencyCalls !== undefined);
    expect(called.length).toBeGreaterThan(0);
    expect(Object.keys(manifest.dependencies ?? {})).toContain("catalog");
    expect(stdout).toMatch(/ and 0 unjoined/);

    const target = await serve();
    const runs = join(scratch.path, "runs");
    const replayed = await shakedown("replay", out, "--target", target.origin, "--out", runs);
    expect(replayed.stderr).not.toMatch(/bug of ours/);
    expect(target.seen.filter(({ path }) => path === "/products/mug")).toHaveLength(5);
  });

  it("killed outright: what it had becomes a profile with --finish", async () => {
    const scratch = newScratch();
    const out = join(scratch.path, "cut.ndjson.gz");
    const target = await serve();
    const recorder = run("record", "--listen", ":0", "--upstream", target.origin, "-o", out);
    await recorder.until(/until Ctrl-C/);
    const url = urlsIn(recorder.stdout, /^(\w+) (http:\S+)$/gm).get("service");
    for (let i = 0; i < 4; i++) await (await request(`${url}/n/${i}`)).body.dump();
    // It is killed when the system has all four.
    const files = ["requests.gor", "notes.ndjson"].map((name) => join(`${out}.recording`, name));
    const linesOf = (file: string) => readFileSync(file, "utf8").split(/\n(?=[12{])/).length;
    while (linesOf(files[0]!) < 8 || linesOf(files[1]!) < 5) await delay(10);
    recorder.child.kill("SIGKILL");
    await recorder.ended;
    expect(existsSync(out)).toBe(false);
    const { code, stdout } = await shakedown("record", "--finish", "-o", out, "--json");
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ recorded: 4 });
    const { records } = await readProfile(out);
    expect(records[0]).toMatchObject({ method: "GET", path: "/n/0", status: 200 });
  });

  it("an https upstream is spoken to over TLS, and its certificate is checked", async () => {
    const scratch = newScratch();
    const certificate = selfSignedCertificate(["127.0.0.1"]);
    const target = await loopbackTarget(OK, { certificate });
    const trusted = { NODE_EXTRA_CA_CERTS: scratch.file("ca.pem", certificate.cert) };
    const start = async (name: string, env: Record<string, string>) => {
      const flags = ["--listen", ":0", "--upstream", target.origin, "--max", "1"];
      const recorder = new Running(["record", ...flags, "-o", join(scratch.path, name)], { env });
      running.push(recorder);
      await recorder.until(/until Ctrl-C/);
      return { recorder, url: urlsIn(recorder.stdout, /^(\w+) (http:\S+)$/gm).get("service")! };
    };
    const good = await start("good.gz", trusted);
    const answer = await request(`${good.url}/a`, { headers: { host: "shop.example" } });
    expect([answer.statusCode, await answer.body.text()]).toEqual([200, "hello"]);
    expect(target.seen[0]!.headers).toMatchObject({ host: "shop.example" });
    expect(await good.recorder.ended).toMatchObject({ code: 0 });
    const bad = await start("bad.gz", {});
    await expect(request(`${bad.url}/a`)).rejects.toThrow(/closed|reset|ECONN/i);
    bad.recorder.child.kill("SIGINT");
    await bad.recorder.ended;
    await target.refuse();
    expect(target.seen).toHaveLength(1);
  });
});
