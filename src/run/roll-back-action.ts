import { createHmac } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { messageOf, ShakedownError } from "../core/index.ts";
import type { AuditEntry, AuditLog, Plan } from "../experiment/index.ts";
import type { Result } from "../report/index.ts";
import {
  ACTION,
  ACTION_BEGINS,
  ACTION_IN_VAIN,
  firedInVain,
  inVainWords,
} from "./fired-in-vain.ts";
import type { RunEvent } from "./live.ts";
import { nowIso } from "./now-iso.ts";
import { type Done, runProgram, wholeMs } from "./run-program.ts";
import type { OnRollBack } from "./scenario/index.ts";

/** What a roll-back, or a breach, is told with. */
export interface RunNotice {
  readonly event: "roll-back" | "breach";
  readonly scenario: string;
  readonly runId: string;
  /** Of several variants, the one that is rolled back. */
  readonly arm?: string;
  readonly reason: string;
  readonly at: string;
  /** Of a breach: whose it is, and where. */
  readonly metric?: string;
  readonly stage?: string;
}

/** The first tries' distance; each is twice as long as the one before. */
const BACK_OFF_MS = 500;

/**
 * Looks whether a webhook could be signed: on a roll-back it would be too late to find out.
 * @throws USAGE when the variable that is to hold the secret is not set
 */
export function checkSecret(
  action: OnRollBack | undefined,
  env: NodeJS.ProcessEnv = process.env,
  field = "onRollBack",
): void {
  if (action === undefined || !("webhook" in action) || action.secretEnv === undefined) return;
  if ((env[action.secretEnv] ?? "") !== "") return;
  const message = `${field}: ${action.secretEnv}, which is to hold the webhook's secret, is not set`;
  throw new ShakedownError("USAGE", message, {
    hint: `set ${action.secretEnv} in the environment, or leave \`secretEnv\` out`,
  });
}

/**
 * The value of `x-shakedown-signature`: `t=<seconds since 1970>,v1=<hex>`, the HMAC-SHA256 of
 * `<t>.<body>`, so that a receiver can refuse what is forged, and what is old.
 */
export function signatureOf(body: string, secret: string, unixSeconds: number): string {
  const hex = createHmac("sha256", secret).update(`${unixSeconds}.${body}`).digest("hex");
  return `t=${unixSeconds},v1=${hex}`;
}

type Webhook = Extract<OnRollBack, { webhook: string }>;

/** False when it was interrupted, or had been before. */
const slept = (ms: number, signal: AbortSignal): Promise<boolean> =>
  sleep(ms, true, { signal }).catch(() => false);

/**
 * Posts a notice until it is taken (2xx), so many times; says how it went. Once the signal is aborted
 * it is not tried again; a try that is under way is awaited. Never throws.
 */
export async function postWebhook(
  { retries, secretEnv, timeout, webhook }: Webhook,
  notice: RunNotice,
  signal: AbortSignal,
  env: NodeJS.ProcessEnv = process.env,
): Promise<{ readonly ok: boolean; readonly tries: number; readonly outcome: string }> {
  const body = JSON.stringify(notice);
  const secret = secretEnv === undefined ? undefined : env[secretEnv];
  let outcome = "";
  for (let tries = 1; tries <= retries + 1; tries++) {
    if (tries > 1 && !(await slept(BACK_OFF_MS * 2 ** (tries - 2), signal))) {
      return { ok: false, tries: tries - 1, outcome: `${outcome}; interrupted, not tried again` };
    }
    const now = Math.floor(Date.now() / 1_000);
    const signed =
      secret === undefined ? {} : { "x-shakedown-signature": signatureOf(body, secret, now) };
    try {
      const response = await fetch(webhook, {
        method: "POST",
        headers: { "content-type": "application/json", ...signed },
        body,
        redirect: "error",
        signal: AbortSignal.timeout(wholeMs(timeout)),
      });
      await response.body?.cancel();
      outcome = `answered ${response.status}`;
      if (response.ok) return { ok: true, tries, outcome };
      // What a receiver refuses it will refuse again, but for "later" and its own faults.
      if (response.status < 500 && response.status !== 429 && response.status !== 408) {
        return { ok: false, tries, outcome };
      }
    } catch (thrown) {
      const cause = thrown instanceof Error && thrown.cause !== undefined ? thrown.cause : thrown;
      outcome = messageOf(cause);
    }
  }
  return { ok: false, tries: retries + 1, outcome };
}

type Command = Extract<OnRollBack, { command: readonly string[] }>;

/**
 * Runs a command in the scenario's folder, as arms are, with the notice in its environment, for as
 * long as it may. Never throws.
 */
export function runCommand(action: Command, notice: RunNotice, dir: string): Promise<Done> {
  const env = {
    ...process.env,
    SHAKEDOWN_REASON: notice.reason,
    SHAKEDOWN_RUN: notice.runId,
    SHAKEDOWN_SCENARIO: notice.scenario,
    ...(notice.arm === undefined ? {} : { SHAKEDOWN_ARM: notice.arm }),
  };
  return runProgram(action, { dir, env });
}

export interface ActionContext {
  readonly audit: AuditLog;
  readonly onEvent: (event: RunEvent) => void;
  readonly plan: Plan;
  readonly id: string;
  /** The scenario's folder. */
  readonly dir: string;
  /** Aborted: a webhook is not tried again. */
  readonly signal: AbortSignal;
}

/**
 * What a scenario does on a roll-back: once, as soon as it is decided, of several variants once for
 * each; the outcome is on the record.
 */
export class RollBackAction {
  readonly #action: OnRollBack | undefined;
  readonly #context: ActionContext;
  /** By variant; of one alone, by no name. */
  readonly #fired = new Map<string, Promise<void>>();
  readonly #begun: AuditEntry[] = [];

  constructor(action: OnRollBack | undefined, context: ActionContext) {
    this.#action = action;
    this.#context = context;
  }

  /**
   * The first call counts, of several variants the first for each; it does not wait for the outcome.
   * Never throws.
   */
  fire(reason: string, arm = ""): void {
    if (this.#action === undefined || this.#fired.has(arm)) return;
    this.#fired.set(arm, this.#do(this.#action, reason, arm));
  }

  /** What a verdict asks for. Never throws. */
  fireFor({ decision, reason, verdicts = {} }: Pick<Result, "decision" | "reason" | "verdicts">) {
    const all = Object.entries(verdicts);
    if (all.length < 2) {
      if (decision === "roll-back") this.fire(reason);
      return;
    }
    for (const [arm, verdict] of all) {
      if (verdict.decision === "roll-back") this.fire(verdict.reason, arm);
    }
  }

  /** Tells of actions that were done before the verdict and that it gives no reason for. Never throws. */
  tellInVain(result: Pick<Result, "decision" | "reason" | "verdicts">): void {
    const fired = firedInVain(this.#begun, result);
    for (const each of fired) this.#note(ACTION_IN_VAIN, { ...each, reason: result.reason });
    for (const words of inVainWords(fired)) this.#warn(words);
  }

  /** Resolves when what was fired has its outcome in the audit trail, or could not be noted. */
  async settled(): Promise<void> {
    await Promise.all(this.#fired.values());
  }

  async #do(action: OnRollBack, reason: string, arm: string): Promise<void> {
    const { dir, id, plan, signal } = this.#context;
    const at = nowIso();
    const whose = arm === "" ? {} : { arm };
    const of = { scenario: plan.scenario, runId: id, ...whose };
    const notice = { event: "roll-back", ...of, reason, at } as const;
    const what = "webhook" in action ? new URL(action.webhook).origin : (action.command[0] ?? "");
    const entry = this.#note(ACTION_BEGINS, { what, ...whose, reason });
    if (entry !== null) this.#begun.push(entry);
    const done =
      "webhook" in action
        ? await postWebhook(action, notice, signal)
        : await runCommand(action, notice, dir);
    if (!done.ok) this.#warn(`the roll-back action failed: ${what}: ${done.outcome}`);
    this.#note(ACTION, { what, ...whose, reason, ...done });
  }

  #note(event: string, detail: Readonly<Record<string, unknown>>): AuditEntry | null {
    try {
      return this.#context.audit.append(event, detail);
    } catch (thrown) {
      this.#warn(`what the roll-back action did is not on record: ${messageOf(thrown)}`);
      return null;
    }
  }

  #warn(message: string): void {
    this.#context.onEvent({ kind: "warning", message });
  }
}
