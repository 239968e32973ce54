import { formatRatio, formatUs } from "../../core/index.ts";
import { type InsideBusy, insideBusy, type ProcessUse } from "../../telemetry/index.ts";
import { type Confirmer, NOTHING_TOLD } from "./model.ts";

const RULE = {
  /** A loop, or a processor, that works for this share of the time has work waiting for it. */
  busyRatio: 0.5,
  /** And one that works for less has none. */
  idleRatio: 0.25,
  /** An event loop that is as late as this makes requests wait; and one that is not. */
  lateMs: 20,
  calmMs: 5,
  /** Shares of the time: in collecting garbage, and held back by a control group. */
  collectingRatio: 0.1,
  throttledRatio: 0.05,
  /** And by how much more than control. */
  factor: 1.5,
  /** Cores that are used beyond control's, by less than this share of them and of one, are as many. */
  sameRatio: 0.25,
  sameCores: 0.02,
} as const;

/** One thing that is told: how much of it, beside control, and whether that is much. */
interface Sign {
  readonly words: string;
  readonly busy: boolean;
}

interface Amounts {
  readonly own: number | null | undefined;
  readonly control: number | null | undefined;
  readonly from: number;
}

const isMuch = ({ control, from, own }: Amounts): boolean =>
  (own ?? 0) >= from && (own ?? 0) >= RULE.factor * (control ?? 0);

function sign(what: string, amounts: Amounts, format: (value: number) => string): Sign | null {
  const { control, own } = amounts;
  if (own === null || own === undefined) return null;
  const beside = control === null || control === undefined ? "" : ` (control ${format(control)})`;
  return { words: `${what} ${format(own)}${beside}`, busy: isMuch(amounts) };
}

const milliseconds = (value: number): string => formatUs(value * 1_000);
const cores = (value: number): string => value.toFixed(2);

function toldSigns(own: InsideBusy | null, control: InsideBusy | null): (Sign | null)[] {
  const both = (of: keyof InsideBusy, from: number): Amounts => ({
    own: own?.[of],
    control: control?.[of],
    from,
  });
  return [
    sign("event loop busy for", both("loopUtilization", RULE.busyRatio), formatRatio),
    sign("event loop late by a p99 of", both("loopDelayMs", RULE.lateMs), milliseconds),
    sign("collecting garbage for", both("collectingRatio", RULE.collectingRatio), formatRatio),
    sign("what could run waits", both("scheduleMs", RULE.calmMs), milliseconds),
    sign("processors busy for", both("cpuUtilization", RULE.busyRatio), formatRatio),
  ];
}

function usedSigns(own: ProcessUse | null, control: ProcessUse | null): (Sign | null)[] {
  const from = RULE.busyRatio * Math.min(own?.coresMax ?? 1, 1);
  const used = { own: own?.coresMean, control: control?.coresMean, from };
  const held = { own: own?.throttledRatio, control: control?.throttledRatio };
  const throttled = sign("held back for", { ...held, from: RULE.throttledRatio }, formatRatio);
  return [sign("cores used", used, cores), throttled?.busy === true ? throttled : null];
}

/** Whether it computes as little as control does, and has room to compute more. */
function usesNoMore(own: ProcessUse | null, control: ProcessUse | null): boolean {
  if (own === null || control === null) return false;
  const same = (1 + RULE.sameRatio) * control.coresMean + RULE.sameCores;
  return own.coresMean <= same && own.coresMean < RULE.busyRatio * Math.min(own.coresMax ?? 1, 1);
}

/**
 * A target that is saturated says that its event loop is busy or late, or its collector; from outside of
 * it, its processes use a core, or are held back. One whose loop is idle and in time waits for something
 * else; so does one whose processes compute no more than control's do for the same requests, and are far
 * from the cores they may have, whatever else is on those.
 */
export const saturation: Confirmer = (evidence, finding, { arm, fromNs, toNs }) => {
  const window = { fromNs, toNs };
  const { inside } = evidence;
  const toldBy = (side: number): InsideBusy | null => inside && insideBusy(inside, side, window);
  const usedBy = (side: number): ProcessUse | null => evidence.processes(side, window);
  // A control that is as busy is no measure.
  const alone = finding.comparison === "shared";
  const own = toldBy(arm);
  const signs = [
    ...toldSigns(own, alone ? null : toldBy(0)),
    ...usedSigns(usedBy(arm), alone ? null : usedBy(0)),
  ].filter((each) => each !== null);
  if (signs.length === 0) return NOTHING_TOLD;
  const says = signs.map(({ words }) => words).join(", ");
  if (signs.some(({ busy }) => busy)) return { confirmation: "inside", says };
  const idle = (own?.loopUtilization ?? 1) < RULE.idleRatio;
  const inTime = (own?.loopDelayMs ?? 0) < RULE.calmMs;
  const [mine, controls] = [usedBy(arm), usedBy(0)];
  if (!(idle && inTime) && (alone || !usesNoMore(mine, controls))) {
    return { confirmation: "outside-only", says };
  }
  const elsewhere = "it waits for what does not compute, such as a call that is not emulated";
  return { confirmation: "contradicted", says: `${says}: ${elsewhere}`, refutes: true };
};
