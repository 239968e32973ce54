import { createHmac } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { AuditLog, readAuditFile } from "../../src/experiment/index.ts";
import { firedInVain, inVainWords } from "../../src/run/fired-in-vain.ts";
import type { RunEvent } from "../../src/run/live.ts";
import {
  checkSecret,
  postWebhook,
  RollBackAction,
  runCommand,
} from "../../src/run/roll-back-action.ts";
import { onRollBackSchema } from "../../src/run/scenario/index.ts";
import { PLAN } from "../experiment/plan-fixture.ts";

const NOTICE = {
  event: "roll-back",
  scenario: "pool cut",
  runId: "aa",
  reason: "p90 is worse",
  at: "2026-01-01T00:00:00.000Z",
} as const;

/** Answers with these statuses in turn, then 200. */
async function receiver(...statuses: number[]) {
  const got: { readonly headers: IncomingHttpHeaders; readonly body: string }[] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8").on("data", (text: string) => (body += text));
    request.on("end", () => {
      got.push({ headers: request.headers, body });
      response.writeHead(statuses[got.length - 1] ?? 200).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const close = (): void => server.close().closeAllConnections();
  return { got, webhook: `http://127.0.0.1:${port}/off`, [Symbol.dispose]: close };
}

/** Never interrupted. */
const going = new AbortController().signal;
const often = { retries: 1, timeout: 5e9 };

describe("the webhook of a roll-back", () => {
  it("is signed over its time and body, and tried again when the receiver fails", async () => {
    using at = await receiver(503);
    const given = { ...often, webhook: at.webhook, secretEnv: "HOOK" };
    const done = await postWebhook(given, NOTICE, going, { HOOK: "secret" });
    expect(done).toEqual({ ok: true, tries: 2, outcome: "answered 200" });
    const { body, headers } = at.got[1]!;
    expect(JSON.parse(body)).toEqual(NOTICE);
    const [, t, v1] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(headers["x-shakedown-signature"]))!;
    expect(createHmac("sha256", "secret").update(`${t}.${body}`).digest("hex")).toBe(v1);
  });

  it("is not tried again when it is refused, and fails when nobody listens", async () => {
    using at = await receiver(403);
    const refused = await postWebhook({ ...often, webhook: at.webhook }, NOTICE, going);
    expect(refused).toEqual({ ok: false, tries: 1, outcome: "answered 403" });
    expect(at.got[0]!.headers).not.toHaveProperty("x-shakedown-signature");
    const nobody = { webhook: "http://127.0.0.1:9/", retries: 0, timeout: 5e9 };
    expect(await postWebhook(nobody, NOTICE, going)).toMatchObject({ ok: false, tries: 1 });
  });
});

describe("an interrupt", () => {
  it("lets the try under way end, and no other begin", async () => {
    using at = await receiver(503, 503);
    const interrupted = AbortSignal.abort();
    const done = await postWebhook({ ...often, webhook: at.webhook }, NOTICE, interrupted);
    expect(at.got).toHaveLength(1);
    expect(done).toMatchObject({
      ok: false,
      tries: 1,
      outcome: expect.stringMatching(/503; interrupted/) as string,
    });
  });
});

describe("the command of a roll-back", () => {
  const node = (code: string, timeout = 5e9) =>
    runCommand({ command: [process.execPath, "-e", code], timeout }, NOTICE, tmpdir());

  it("is told the reason, and is ended when it takes too long", async () => {
    const told = "process.exit(process.env.SHAKEDOWN_REASON === 'p90 is worse' ? 0 : 1)";
    expect(await node(told)).toEqual({ ok: true, outcome: "exit code 0" });
    expect(await node("setInterval(() => {}, 1000)", 200_000_500)).toEqual({
      ok: false,
      outcome: "ended by SIGKILL",
    });
  });

  it("is run in the scenario's folder", async () => {
    const folder = mkdtempSync(join(tmpdir(), "shakedown-command-"));
    writeFileSync(join(folder, "off.sh"), "#!/bin/sh\n", { mode: 0o755 });
    const done = await runCommand({ command: ["./off.sh"], timeout: 5e9 }, NOTICE, folder);
    rmSync(folder, { recursive: true });
    expect(done).toEqual({ ok: true, outcome: "exit code 0" });
  });

  it.each([
    ["that is not there", ["/nowhere/at/all"]],
    ["below a file", [`${process.execPath}/off`]],
    ["whose arguments are too long", [process.execPath, "x".repeat(3e6)]],
  ])("%s, has failed, and throws nothing", async (_, command) => {
    const done = await runCommand({ command, timeout: 5e9 }, NOTICE, tmpdir());
    expect(done.ok).toBe(false);
  });
});

describe("a roll-back action", () => {
  it("fires once, and its outcome is in the audit trail", async () => {
    using at = await receiver();
    const folder = mkdtempSync(join(tmpdir(), "shakedown-action-"));
    const path = join(folder, "audit.ndjson");
    const audit = new AuditLog(path, () => NOTICE.at);
    const context = { audit, onEvent: () => {}, plan: PLAN, id: "aa", dir: folder, signal: going };
    const action = new RollBackAction({ ...often, webhook: at.webhook }, context);
    action.fire("first");
    action.fire("second");
    await action.settled();
    const trail = readFileSync(path, "utf8");
    rmSync(folder, { recursive: true });
    expect(at.got.map(({ body }) => JSON.parse(body) as object)).toMatchObject([
      { reason: "first" },
    ]);
    expect(trail).toMatch(/"event":"roll-back action".*"outcome":"answered 200"/);
  });

  it("whose verdict gives no reason for it is told of, in the trail and to those who watch", async () => {
    using at = await receiver();
    const warnings: string[] = [];
    const folder = mkdtempSync(join(tmpdir(), "shakedown-action-"));
    const audit = new AuditLog(join(folder, "audit.ndjson"), () => NOTICE.at);
    const onEvent = (event: RunEvent) => event.kind === "warning" && warnings.push(event.message);
    const context = { audit, onEvent, plan: PLAN, id: "aa", dir: folder, signal: going };
    const action = new RollBackAction({ ...often, webhook: at.webhook }, context);
    action.fire("a look shows harm");
    action.tellInVain({ decision: "hold", reason: "generator saturated" });
    await action.settled();
    const { entries } = readAuditFile(audit.path);
    rmSync(folder, { recursive: true });
    expect(entries.map(({ event }) => event)).toEqual([
      "roll-back action begins",
      "roll-back action not borne out",
      "roll-back action",
    ]);
    expect(entries[1]!.detail).toMatchObject({ decision: "hold", reason: "generator saturated" });
    expect(warnings).toEqual(inVainWords(firedInVain(entries, { decision: "hold" })));
    expect(warnings.join()).toMatch(/verdict is hold: .* undone/);
    expect(firedInVain(entries, { decision: "roll-back" })).toEqual([]);
  });

  it("that began after the verdict was not in vain", () => {
    const entry = { at: NOTICE.at, detail: {}, previous: "", sha256: "" };
    const trail = ["verdict", "roll-back action begins"].map((event) => ({ ...entry, event }));
    expect(firedInVain(trail, { decision: "hold" })).toEqual([]);
    expect(firedInVain(trail.toReversed(), { decision: "hold" })).toHaveLength(1);
  });

  it("whose outcome cannot be noted says so, and is no crash", async () => {
    using at = await receiver();
    const warnings: unknown[] = [];
    const audit = new AuditLog(join(tmpdir(), "nowhere-at-all", "audit.ndjson"), () => NOTICE.at);
    const context = { audit, plan: PLAN, id: "aa", dir: ".", signal: going };
    const action = new RollBackAction(
      { ...often, webhook: at.webhook },
      { ...context, onEvent: (event) => warnings.push(event) },
    );
    action.fire("first");
    await action.settled();
    expect(at.got).toHaveLength(1);
    const [first] = warnings;
    expect([first]).toMatchObject([{ message: expect.stringMatching(/not on record/) as string }]);
  });
});

describe("what a scenario says of it", () => {
  const refusals = (given: object): string[] =>
    onRollBackSchema.safeParse(given).error?.issues.map((issue) => JSON.stringify(issue)) ?? [];
  const webhook = "https://flags.internal/off";

  it("holds no password, which would be told, and a timeout that ends", () => {
    expect(refusals({ webhook, timeout: "1500us" })).toEqual([]);
    expect(refusals({ webhook: "https://me:pw@flags.internal/off" }).join()).toMatch(/password/);
    for (const timeout of ["0s", "11m"]) {
      expect(refusals({ command: ["off"], timeout }).join()).toMatch(/from 1ms to 10m/);
    }
  });

  it("is refused before a run whose webhook could not be signed", () => {
    const action = onRollBackSchema.parse({ webhook, secretEnv: "HOOK" });
    expect(() => checkSecret(action, { HOOK: "" })).toThrow(/HOOK.* is not set/);
    expect(() => checkSecret(action, { HOOK: "secret" })).not.toThrow();
    expect(() => checkSecret(onRollBackSchema.parse({ webhook }), {})).not.toThrow();
  });
});
