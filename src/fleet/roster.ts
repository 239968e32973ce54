import { hostname } from "node:os";
import { formatRatePerSec, ShakedownError } from "../core/index.ts";
import type { GeneratorJob } from "../replay/index.ts";
import { TAKEN_MS, workerKeys, WORKERS } from "./keys.ts";
import { decodeCard, type RunCall, type WorkerCard, WIRE_VERSION } from "./messages.ts";
import type { Redis } from "./redis.ts";
import { pause } from "./ticker.ts";

/** How long to wait for workers that are still starting. */
const WAIT_MS = 10_000;
const LOOK_MS = 250;
/** How long a call to a worker stands. */
const CALL_S = 30;

export interface Wanted {
  /** To emulate dependencies, of those that offer it; to send load, of all. */
  readonly role: "send" | "emulate";
  readonly count: number;
  readonly runId: string;
  readonly version: string;
}

async function allCards(redis: Redis): Promise<WorkerCard[]> {
  const ids = await redis.smembers(WORKERS);
  const told = await Promise.all(ids.map((id) => redis.get(workerKeys(id).card)));
  const gone = ids.filter((_, index) => told[index] === null);
  if (gone.length > 0) await redis.srem(WORKERS, ...gone);
  const cards = told.flatMap((words) => (words === null ? [] : (decodeCard(words) ?? [])));
  return cards.toSorted((a, b) => (a.id < b.id ? -1 : 1));
}

const isOurs =
  ({ version }: Wanted) =>
  ({ toolVersion, wireVersion }: WorkerCard): boolean =>
    toolVersion === version && wireVersion === WIRE_VERSION;

/** Who can do it; who can do nothing else first. */
function inOrderFor(role: Wanted["role"], cards: readonly WorkerCard[]): readonly WorkerCard[] {
  const emulating = cards.filter(({ emulatesAt }) => emulatesAt !== null);
  if (role === "emulate") return emulating;
  return [...cards.filter(({ emulatesAt }) => emulatesAt === null), ...emulating];
}

/**
 * Takes as many free workers of this version as are wanted, for this run alone, and waits a while for
 * those that are still to come.
 * @throws FLEET_UNREACHABLE when there are too few, with what stands in the way of the others
 */
export async function takeWorkers(
  redis: Redis,
  wanted: Wanted,
  signal: AbortSignal,
): Promise<readonly WorkerCard[]> {
  const taken = new Map<string, WorkerCard>();
  for (let waitedMs = 0; ; waitedMs += LOOK_MS) {
    // oxlint-disable-next-line no-await-in-loop -- one look after another
    const cards = await allCards(redis);
    for (const card of inOrderFor(wanted.role, cards)) {
      if (taken.size === wanted.count) break;
      if (taken.has(card.id) || card.draining || !isOurs(wanted)(card)) continue;
      const { takenBy } = workerKeys(card.id);
      // oxlint-disable-next-line no-await-in-loop -- no more than are wanted
      const got = await redis.set(takenBy, wanted.runId, "PX", TAKEN_MS, "NX");
      if (got === "OK") taken.set(card.id, card);
    }
    if (taken.size === wanted.count) return [...taken.values()];
    if (signal.aborted || waitedMs >= WAIT_MS) {
      // oxlint-disable-next-line no-await-in-loop -- the last thing
      await releaseWorkers(redis, [...taken.values()], wanted.runId);
      signal.throwIfAborted();
      throw tooFew(inOrderFor(wanted.role, cards), taken.size, wanted);
    }
    // oxlint-disable-next-line no-await-in-loop -- as above
    await pause(LOOK_MS, signal);
  }
}

/** Gives workers back that this run has not begun with, or has ended with; not those that another has taken. */
export async function releaseWorkers(
  redis: Redis,
  cards: readonly Pick<WorkerCard, "id">[],
  runId: string,
): Promise<void> {
  await Promise.all(
    cards.map(async ({ id }) => {
      const { takenBy } = workerKeys(id);
      if ((await redis.get(takenBy)) === runId) await redis.del(takenBy);
    }),
  );
}

function tooFew(cards: readonly WorkerCard[], free: number, wanted: Wanted): ShakedownError {
  const others = cards.filter((card) => !isOurs(wanted)(card));
  const draining = cards.filter((card) => card.draining && isOurs(wanted)(card)).length;
  const busy = cards.length - free - others.length - draining;
  const why = [
    `${free} ${free === 1 ? "is" : "are"} free`,
    ...(busy > 0 ? [`${busy} at other runs`] : []),
    ...(draining > 0 ? [`${draining} ending`] : []),
    ...others.map(({ id, toolVersion }) => `${id} is refused: it is of version ${toolVersion}`),
  ];
  const [what, started] =
    wanted.role === "send"
      ? ["workers", "shakedown worker --redis …"]
      : ["workers that emulate,", "shakedown worker --redis … --emulate-at HOST"];
  return new ShakedownError(
    "FLEET_UNREACHABLE",
    `${wanted.count} ${what} of version ${wanted.version} are wanted: ${why.join(", ")}`,
    { hint: `start them with \`${started}\`, of this version` },
  );
}

/** Calls workers to a run that has taken them. */
export async function callWorkers(
  redis: Redis,
  all: readonly { readonly card: WorkerCard; readonly call: RunCall }[],
): Promise<void> {
  const calling = redis.pipeline();
  for (const { call, card } of all) {
    const { calls } = workerKeys(card.id);
    calling.rpush(calls, JSON.stringify(call));
    calling.expire(calls, CALL_S);
  }
  await calling.exec();
}

/**
 * Whether arms of this machine reach workers that emulate.
 * @throws USAGE when those are on other machines, at a loopback address
 */
export function checkEmulating(cards: readonly WorkerCard[], armsHere: boolean): void {
  const far = cards.find(
    ({ emulatesAt, host }) => host !== hostname() && LOOPBACK.test(emulatesAt ?? ""),
  );
  if (!armsHere || far === undefined) return;
  throw new ShakedownError(
    "USAGE",
    `worker ${far.id} on ${far.host} emulates at ${far.emulatesAt}, where arms on ${hostname()} find themselves`,
    { hint: "start it with --emulate-at and an address that arms reach" },
  );
}

const LOOPBACK = /^(?:127\.|::1$|localhost$)/;

/**
 * Whether these workers can send a job.
 * @throws USAGE when arms are at a loopback address and workers on other machines, or when a worker is
 * known not to keep up with its part
 */
export function checkWorkers(job: GeneratorJob, cards: readonly WorkerCard[]): void {
  const far = cards.find(({ host }) => host !== hostname());
  const near = job.arms.find(({ target }) =>
    LOOPBACK.test(new URL(target.origin).hostname.replaceAll(/^\[|\]$/g, "")),
  );
  if (far !== undefined && near !== undefined) {
    throw new ShakedownError(
      "USAGE",
      `arm ${near.name} is at ${near.target.origin}, where worker ${far.id} on ${far.host} finds itself`,
      { hint: "give arms that run already, by a url that every worker reaches" },
    );
  }
  const peakPerSec = Math.max(
    ...job.stages.flatMap(({ input }) => [input.fromPerSec, input.toPerSec]),
  );
  // A start of a split goes to one arm. Shards are whole: one worker may have one more than others.
  const arms = job.assigned !== undefined && "keys" in job.assigned ? 1 : job.arms.length;
  const share = Math.ceil(job.workers / cards.length) / job.workers;
  const eachPerSec = peakPerSec * arms * share;
  const weak = cards.find(({ ceilingPerSec }) => (ceilingPerSec ?? Infinity) < eachPerSec);
  if (weak === undefined) return;
  throw new ShakedownError(
    "USAGE",
    `worker ${weak.id} is known to send ${formatRatePerSec(weak.ceilingPerSec ?? 0)}, and its part is ` +
      formatRatePerSec(eachPerSec),
    { hint: "take more --workers" },
  );
}
