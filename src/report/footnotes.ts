/** Gathers notes and gives each the same small number wherever it recurs: ¹, ², … */
export class Footnotes {
  readonly texts: string[] = [];

  /** The mark for a note, e.g. `¹`. */
  mark(text: string): string {
    if (!this.texts.includes(text)) this.texts.push(text);
    return Footnotes.superscript(this.texts.indexOf(text) + 1);
  }

  static superscript(number: number): string {
    return String(number).replaceAll(/\d/g, (digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹".charAt(Number(digit)));
  }
}
