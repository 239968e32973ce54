import type { RunOptions } from "./run-scenario.ts";
import type { LoadedScenario } from "./load-scenario.ts";
import type { RunOutcome } from "./outcome.ts";
import { TOLD_SHARE } from "./scenario/index.ts";

/**
 * Does a run and tells of it by OpenTelemetry where the scenario or the user asks for that; what
 * tells is loaded only then.
 */
export async function told(
  { onEvent, otel, version }: RunOptions,
  { scenario }: LoadedScenario,
  run: (onEvent: RunOptions["onEvent"]) => Promise<RunOutcome>,
): Promise<RunOutcome> {
  const to = scenario.telemetry?.export;
  if (otel !== true && to === undefined) return run(onEvent);
  const { startTelling } = await import("./told/index.ts");
  const teller = await startTelling({
    endpoint: to?.endpoint ?? null,
    sample: to?.sample ?? TOLD_SHARE,
    scenario: scenario.scenario,
    version,
    onWarning: (message) => onEvent({ kind: "warning", message }),
  });
  let outcome: RunOutcome | null = null;
  try {
    outcome = await run((event) => {
      teller.hear(event);
      onEvent(event);
    });
    return outcome;
  } finally {
    await teller.end(outcome?.model ?? null);
  }
}
