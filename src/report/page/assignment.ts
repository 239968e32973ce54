import {
  ASSIGNMENT_COLUMNS,
  ASSIGNMENT_HEADING,
  assignedStages,
  assignmentSentence,
} from "../assignment-words.ts";
import type { ReportModel } from "../model.ts";
import { type Markup, markup, table } from "./markup.ts";

/** Who got which start, meant and got; nothing where every arm got each at once. */
export function assignment({ result }: ReportModel): Markup | false {
  const sentence = assignmentSentence(result);
  if (sentence === "") return false;
  const stages = assignedStages(result);
  const grid =
    stages.length > 0 &&
    table({
      caption: ASSIGNMENT_HEADING,
      cards: true,
      columns: ASSIGNMENT_COLUMNS.map((head, index) => ({ head, figure: index > 1 })),
      rows: stages.flatMap(({ arms, stage }) =>
        arms.map(({ arm, got, keys, meant, starts }) => [stage, arm, meant, got, keys, starts]),
      ),
    });
  const notes =
    stages.length > 0 &&
    markup`<ul class="notes">${stages.map(({ note, stage }) => markup`<li>${stage}: ${note}</li>`)}</ul>`;
  return markup`<section id="assignment"><h2>${ASSIGNMENT_HEADING}</h2><p class="lead">${sentence}</p>
${grid}${notes}</section>`;
}
