/*
 * The published vectors: what was expected, what our code says, and whether it is near enough.
 *
 *   npm run bench:vectors
 *
 * Exits with 1 when a vector is off, or when nothing runs it.
 */
import { runVector, vectors } from "../stats/vectors/index.ts";

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
for (const { difference, ours, vector } of results) {
  const { expected, id, tolerance } = vector;
  const verdict = difference === null ? "pass" : `FAIL: ${difference.replaceAll("|", "\\|")}`;
  say(
    `| ${id} | ${inShort(expected)} | ${inShort(asked(ours, expected))} | ${tolerance} | ${verdict} |`,
  );
}
const passed = results.filter(({ difference }) => difference === null).length;
say(`\n${passed} of ${results.length} vectors pass.`);
if (passed < results.length) process.exitCode = 1;
