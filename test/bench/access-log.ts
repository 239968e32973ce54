/* An access log as a shop's server would write it, for the benchmarks of importing. */
import { closeSync, openSync, writeSync } from "node:fs";
import { keyedDraw, seededPrng } from "../../src/core/index.ts";

const CHUNK_LINES = 4_096;
const LINES_PER_SECOND = 400;
const FROM_MS = Date.UTC(2026, 2, 2);

const chance = seededPrng("an access log");
const below = (count: number): number => Math.floor(chance() * count);
/** A rank of 0…count−1, of which the r-th comes about as often as 1/(r+1). */
const zipf = (count: number): number => Math.floor((count + 1) ** chance()) - 1;
const part = (name: string, index: number): number =>
  Math.floor(keyedDraw(name, index).uniform("part") * 256);

const ip = (index: number): string => [1, 2, 3, 4].map((n) => part(`ip ${n}`, index)).join(".");
const AGENTS = Array.from({ length: 400 }, (_, i) => {
  const version = `${90 + (i % 50)}.0.${part("build", i) * 20}.${part("patch", i)}`;
  const systems = [
    "Windows NT 10.0; Win64; x64",
    "Macintosh; Intel Mac OS X 10_15_7",
    "X11; Linux",
  ];
  return i % 9 === 8
    ? `ExampleBot/2.${i} (+https://bot${i}.example/about)`
    : `Mozilla/5.0 (${systems[i % 3]!}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/${version} Safari/537.36`;
});
const WORDS = "red blue oak steel light small large old new fast slow warm".split(" ");
const slug = (index: number): string =>
  `${WORDS[index % 12]!}-${WORDS[Math.floor(index / 12) % 12]!}-${index}`;
const PAGES = ["/", "/cart", "/login", "/about", "/api/v1/stock", "/css/site.css", "/js/app.js"];

function target(): string {
  switch (below(10)) {
    case 0:
    case 1:
      return PAGES[zipf(PAGES.length)]!;
    case 2:
      return `/search?q=${slug(zipf(5_000))}&page=${below(9)}`;
    case 3:
      return `/api/v1/orders/${below(2_000_000)}`;
    case 4:
    case 5:
      return `/assets/img/${slug(zipf(3_000))}.jpg`;
    default:
      return `/products/${slug(zipf(20_000))}`;
  }
}

const MONTH = "Mar";
const two = (n: number): string => String(n).padStart(2, "0");
function stamp(line: number): string {
  const at = new Date(FROM_MS + Math.floor(line / LINES_PER_SECOND) * 1_000);
  const time = [at.getUTCHours(), at.getUTCMinutes(), at.getUTCSeconds()].map(two).join(":");
  return `${two(at.getUTCDate())}/${MONTH}/${at.getUTCFullYear()}:${time} +0000`;
}

function logLine(line: number): string {
  if (below(2_000) === 0)
    return `${ip(below(100))} - - [${stamp(line)}] "\\x16\\x03\\x01" 400 0 "-" "-"`;
  // A client has one agent.
  const client = zipf(200_000);
  const agent =
    AGENTS[part("agent", client) % 20 === 0 ? client % 400 : part("agent", client) % 40]!;
  const method = below(30) === 0 ? "POST" : "GET";
  const status = [200, 200, 200, 304, 404][zipf(5)]!;
  const referer = below(3) === 0 ? "-" : `https://shop.example/products/${slug(zipf(2_000))}`;
  const request = `${method} ${target()} HTTP/1.1`;
  return `${ip(client)} - - [${stamp(line)}] "${request}" ${status} ${below(60_000)} "${referer}" "${agent}"`;
}

/** Writes a combined log of about so many bytes; says how many lines it has. Seeded. */
export function makeLog(path: string, bytes: number): number {
  const file = openSync(path, "w");
  let [lines, written] = [0, 0];
  while (written < bytes) {
    const chunk = Array.from({ length: CHUNK_LINES }, () => `${logLine(lines++)}\n`);
    written += writeSync(file, chunk.join(""), null, "latin1");
  }
  closeSync(file);
  return lines;
}
