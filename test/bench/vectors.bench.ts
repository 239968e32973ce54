/*
 * The published vectors: what was expected, what our code says, and whether it is near enough.
 *
 *   npm run bench:vectors
 *
 * Exits with 1 when a vector is off, or when nothing runs it; the few that right code cannot meet
 * are told with the reason.
 */
import { runVector, vectors } from "../stats/vectors/index.ts";
import { unmet } from "../stats/vectors/unmet.ts";

const say = (line: string): void => void process.stdout.write(`${line}\n`);

function inShort(value: unknown): string {
  const rounded = (_: string, part: unknown): unknown => {
    if (typeof part !== "number" || Number.isInteger(part)) return part;
    return Number.isFinite(part) ? Number(part.toPrecision(8)) : String(part);
  };
  const text = JSON.stringify(value, rounded) ?? "–";
  return text.replaceAll("|", "\\|").replaceAll('"', "");
}

/** Of what we say, what the vector asks for. */
function asked(ours: unknown, expected: unknown): unknown {
  if (typeof ours !== "object" || ours === null || Array.isArray(ours)) return ours;
  const keys = Object.keys(expected as object);
  return Object.fromEntries(Object.entries(ours).filter(([key]) => keys.includes(key)));
}

const results = vectors.map(runVector);
say("| vector | expected | ours | tolerance | |");
say("| --- | --- | --- | --- | --- |");
let [passed, failed] = [0, 0];
for (const { differences, ours, vector } of results) {
  const { expected, id, tolerance } = vector;
  const known = unmet[id];
  const off = differences.filter((said) => !known?.fields.some((field) => said.startsWith(field)));
  if (off.length > 0) failed++;
  else if (differences.length === 0) passed++;
  const verdict =
    off.length > 0
      ? `FAIL: ${off.join("; ").replaceAll("|", "\\|")}`
      : differences.length > 0
        ? `not met in ${known!.fields.join(", ")}: ${known!.because}`
        : "pass";
  say(
    `| ${id} | ${inShort(expected)} | ${inShort(asked(ours, expected))} | ${tolerance} | ${verdict} |`,
  );
}
const others = results.length - passed - failed;
say(`\n${passed} of ${results.length} vectors pass, ${others} cannot be met, ${failed} fail.`);
if (failed > 0) process.exitCode = 1;
