import { formatCount, formatRatio, formatUs } from "../core/index.ts";
import type { More } from "./beside.ts";
import type { StageWindow } from "./detector.ts";
import type { RetryReading } from "./retries.ts";
import type { RetryHabits } from "./retry-habits.ts";

const RULE = {
  /** Robust coefficient of variation of the gaps, below which there is no jitter. */
  jitterCv: 0.13,
  /** Share of failures that are tried again, from which on there is no budget. */
  noBudgetRatio: 0.9,
  /** Dispersion of arrivals beside control's, from which on retries come together. */
  togetherFactor: 3,
  /** Share of retries for nobody that is worth a word. */
  zombieRatio: 0.05,
} as const;

/** A storm in a stage, beside control. */
interface Stormy {
  readonly stage: StageWindow;
  readonly own: RetryReading;
  readonly control: RetryReading;
  /** Calls per started request, variant over control. */
  readonly over: More;
}

export const perCall = ({ joined, logical }: RetryReading): number =>
  logical === 0 ? 1 : joined / logical;

export const sentWords = ({ attemptsMax }: RetryReading): string =>
  attemptsMax > 1 ? `up to ${attemptsMax} attempts` : "repeated attempts";

const hasJitter = ({ gapCv }: RetryReading): boolean => gapCv >= RULE.jitterCv;
const comeTogether = (own: RetryHabits, control: RetryHabits): boolean =>
  own.dispersion > RULE.togetherFactor * Math.max(control.dispersion, 1);

export function habitWords(own: RetryReading, habits: RetryHabits, control: RetryHabits): string {
  const { early, retries, toldToWait, unsafe } = own;
  const { dispersion, retriedRatio, zombies } = habits;
  const words = [
    retriedRatio >= RULE.noBudgetRatio && "no budget bounds them",
    comeTogether(habits, control) &&
      `they come together (dispersion ${dispersion.toFixed(1)}, control ${control.dispersion.toFixed(1)})`,
    early > 0 && `${formatRatio(early / toldToWait)} of the waits asked for were cut short`,
    zombies > RULE.zombieRatio * retries &&
      `${formatCount(zombies)} come when their request has ended`,
    unsafe > 0 && `${formatCount(unsafe)} retries repeat a write`,
  ];
  return words.map((each) => (each === false ? "" : `; ${each}`)).join("");
}

export function stormWords(name: string, { control, over, own, stage }: Stormy): string {
  const paced = Number.isFinite(own.gapMs)
    ? `, ${formatUs(own.gapMs * 1_000)} apart with ${hasJitter(own) ? "" : "no "}jitter`
    : "";
  const perLogical = own.joined > 0 ? ` (${perCall(own).toFixed(2)} attempts a call)` : "";
  const controlFails = control.calls === 0 ? 0 : control.failures / control.calls;
  const made =
    over.effect === null
      ? `make ${formatCount(own.calls)} calls (control ${formatCount(control.calls)})`
      : `make ${(1 + over.effect.estimate).toFixed(2)} × control's calls for the same requests`;
  return (
    `a retry storm at ${name} from stage ${stage.name} on: ${sentWords(own)}${paced}${perLogical} ${made}, and ` +
    `${formatRatio(own.failures / own.calls)} of the calls fail (control ${formatRatio(controlFails)})`
  );
}

/** What is missing of what a storm is cured by; all of it where single attempts are not known. */
export function cureOf(own: RetryReading, { retriedRatio }: RetryHabits): string {
  const known = own.joined > 0;
  const parts = [
    (!known || retriedRatio >= RULE.noBudgetRatio) && "a retry budget",
    (!known || !hasJitter(own)) && "exponential backoff with full jitter",
    (!known || own.early > 0) && "waiting as long as Retry-After says",
  ].filter((part) => part !== false);
  if (parts.length === 0) return "fewer attempts, or a smaller budget for them";
  const last = parts.at(-1)!;
  return parts.length < 3 ? parts.join(" and ") : `${parts.slice(0, -1).join(", ")}, and ${last}`;
}

export function calmWords(name: string, own: RetryReading, control: RetryReading): string {
  return own.joined === 0 || control.joined === 0
    ? `no storm of retries at ${name}: ${formatCount(own.calls)} calls (control ${formatCount(control.calls)})`
    : `${perCall(own).toFixed(2)} attempts for each call to ${name} (control ${perCall(control).toFixed(2)})`;
}
