import { factorSentences, factorsTitle, factorWords } from "./factor-words.ts";
import type { Result } from "./model.ts";
import { runsTitle, runWords } from "./run-words.ts";
import { type Paint, wrapped } from "./text-lines.ts";
import { NOTHING } from "./words.ts";

/** What the effect depends on, in sentences, and a line for each effect of a factor. */
export function factorLines(result: Result, width: number, paint: Paint): string[] {
  const rows = factorWords(result);
  if (rows.length === 0) return [];
  return [
    "",
    paint("dim", "What the effect depends on"),
    ...factorSentences(result).flatMap((text) => wrapped("  ", text, width)),
    ...wrapped("", factorsTitle(result), width).map((text) => paint("dim", text)),
    ...rows.flatMap(({ adjustedP, aliases, change, interval, levels, metric, name, shown }) => {
      const alias = aliases === NOTHING ? "" : `, same as ${aliases}`;
      const at = levels === NOTHING ? "" : `: ${levels}`;
      const text = `${name} on ${metric}: ${change} (${interval}), p ${adjustedP}${at}${alias}`;
      return wrapped(shown ? "• " : "  ", text, width);
    }),
  ];
}

/** One line for each of several runs. */
export function runLines(result: Result, width: number, paint: Paint): string[] {
  const rows = runWords(result);
  if (rows.length === 0) return [];
  const lines = rows.flatMap(({ effects, first, levels, note, run, seed }) => {
    const said = [levels, effects, `${first} started first`, `seed ${seed}`, note];
    return wrapped(`  ${run.padStart(2)}  `, said.filter((text) => text !== "").join(", "), width);
  });
  return ["", ...wrapped("", runsTitle(result), width).map((text) => paint("dim", text)), ...lines];
}
