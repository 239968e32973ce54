import type { ReportModel } from "../model.ts";
import { RESPONSES_HEADING, responseSentences } from "../responses-words.ts";
import { capital } from "../words.ts";
import { type Markup, markup } from "./markup.ts";

/** What differs between the arms' answers; nothing where none were compared. */
export function responses({ result }: ReportModel): Markup | false {
  const sentences = responseSentences(result);
  if (sentences.length === 0) return false;
  const rows = sentences.map((sentence) => markup`<li>${capital(sentence)}</li>`);
  return markup`<section id="responses"><h2>Responses</h2><p class="lead">${RESPONSES_HEADING}.</p>
<ul class="notes">${rows}</ul></section>`;
}
