import { dependencySchema, startEmulatorThread } from "../emulator/index.ts";
import { reach } from "../replay/index.ts";
import type { Target } from "./target.ts";

/** What is added to every answer of an arm, by arm; an arm that is not named has nothing added. */
export type Delays = Readonly<Record<string, number>>;

/** Targets behind proxies, until disposed of. */
export interface DelayedTargets extends AsyncDisposable {
  readonly targets: readonly Target[];
}

const specOf = (upstream: string, delayUs: number) =>
  dependencySchema.parse({
    protocol: "tcp",
    tcp: { upstream, ...(delayUs === 0 ? {} : { latency: `${delayUs}us` }) },
  });

/**
 * Puts a proxy before every arm, that of a named one late by a known time: the positive control, a
 * change whose size is known. All arms have a proxy, so that the delay alone is between them.
 * @throws what the emulator throws when a proxy cannot listen
 */
export async function delayed(
  targets: readonly Target[],
  delaysUs: Delays,
  signal: AbortSignal,
): Promise<DelayedTargets> {
  const specs = targets.map(({ address, arm }) => {
    const { host } = new URL(address.origin);
    return [arm, specOf(host.includes(":") ? host : `${host}:80`, delaysUs[arm] ?? 0)] as const;
  });
  const emulator = await startEmulatorThread({
    arms: ["proxy"],
    dependencies: Object.fromEntries(specs),
    seed: "delay",
    runId: "0".repeat(16),
    originNs: process.hrtime.bigint(),
    spoolPath: null,
  });
  try {
    const behind = await Promise.all(
      targets.map(async (target): Promise<Target> => {
        const url = emulator.addresses[target.arm]!["proxy"]!.replace(/^tcp:/, "http:");
        const address = await reach({ arm: target.arm, url, tls: null, http2: false }, signal);
        const { arm, died, headers, pid } = target;
        const ended = (): Promise<void> => target.stop();
        const own = { arm, origin: url, address, headers, pid, died, stop: ended };
        return { ...own, [Symbol.asyncDispose]: ended };
      }),
    );
    return { targets: behind, [Symbol.asyncDispose]: () => emulator[Symbol.asyncDispose]() };
  } catch (thrown) {
    await emulator.stop();
    throw thrown;
  }
}
