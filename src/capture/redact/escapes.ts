interface Unit {
  /** As it stands in the raw text: a character, or one character's `%XX` escapes. */
  readonly raw: string;
  readonly char: string;
  readonly escaped: boolean;
}

const utf8 = new TextDecoder("utf-8", { fatal: true });
const hexByte = (byte: number): string => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;

/** The characters of a run of escapes, each with the escapes that spell it. */
function escapedUnits(run: string): Unit[] | undefined {
  let text: string;
  try {
    text = utf8.decode(Buffer.from(run.replaceAll("%", ""), "hex"));
  } catch {
    return undefined;
  }
  let at = 0;
  return Array.from(text, (char) => {
    const raw = run.slice(at, at + Buffer.byteLength(char) * 3);
    at += raw.length;
    return { raw, char, escaped: true };
  });
}

function unitsOf(text: string, plusIsSpace: boolean): Unit[] {
  const units: Unit[] = [];
  for (const [piece] of text.matchAll(/(?:%[0-9a-f]{2})+|[^%]+|%/gi)) {
    const escaped = piece.length >= 3 && piece.startsWith("%") ? escapedUnits(piece) : undefined;
    if (escaped !== undefined) {
      for (const unit of escaped) units.push(unit);
      continue;
    }
    for (const raw of piece) {
      units.push({ raw, char: plusIsSpace && raw === "+" ? " " : raw, escaped: false });
    }
  }
  return units;
}

/** A percent-encoded text as it is meant; escapes that are no UTF-8 stay as they stand. */
export function unescaped(text: string, plusIsSpace = false): string {
  return unitsOf(text, plusIsSpace)
    .map(({ char }) => char)
    .join("");
}

/**
 * Lets `change` see a percent-encoded text as it is meant, and writes its answer back with the
 * escapes where they were: what was not changed keeps its bytes. `change` should keep the number
 * of characters; if it does not, the whole answer is encoded anew.
 */
export function throughEscapes(
  text: string,
  change: (decoded: string) => string,
  plusIsSpace = false,
): string {
  if (!text.includes("%") && !(plusIsSpace && text.includes("+"))) return change(text);
  const units = unitsOf(text, plusIsSpace);
  const decoded = units.map(({ char }) => char).join("");
  const changed = change(decoded);
  if (changed === decoded) return text;
  const chars = Array.from(changed);
  if (chars.length !== units.length) return encodeURIComponent(changed);
  return units
    .map(({ raw, char, escaped }, index) => {
      const now = chars[index]!;
      if (now === char) return raw;
      return escaped ? Array.from(Buffer.from(now), hexByte).join("") : now;
    })
    .join("");
}
