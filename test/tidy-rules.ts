import { posix } from "node:path";
import { folderOf, importsOf, type Source, withoutComments } from "./tidy-source.ts";

/** What a rule finds: one sentence each, saying where, what, and what to do. Empty when all is well. */
export type Check = (sources: readonly Source[]) => readonly string[];

/** A folder imports only from folders of a lower level (design: "Imports go down only"). */
export const LEVELS: Readonly<Record<string, number>> = {
  core: 0,
  // Pure mathematics, for whoever describes or compares.
  stats: 0.5,
  // What both ends of a connection read the same way.
  http1: 0.5,
  // What exporters of OpenTelemetry send.
  otlp: 0.5,
  profile: 1,
  schedule: 1,
  measure: 1,
  capture: 2,
  replay: 2,
  emulator: 2,
  telemetry: 2,
  experiment: 3,
  detect: 3,
  report: 4,
  // Public as "shakedown/testing": may use levels 0–4, and nothing in src uses it.
  testing: 4.5,
  run: 5,
  web: 5,
  fleet: 6,
  // src/index.ts, the library surface.
  "": 6.5,
  cli: 7,
};

/** Folders that may open sockets, and single files beside them, and why. */
const SOCKET_FOLDERS = ["replay", "emulator", "telemetry", "web", "fleet", "testing"];
export const SOCKET_FILES: Readonly<Record<string, string>> = {
  "src/run/authority.ts": "asks which authorities the system trusts, and opens nothing",
  "src/run/roll-back-action.ts": "tells whoever can roll back, by a webhook",
  "src/run/free-port.ts": "finds a free port for a program that is to listen there",
  "src/run/target.ts": "asks a target whether it is up",
};

/** Files that may look at the clock, set timers or draw chance by themselves, and why. */
export const OWN_CLOCK: Readonly<Record<string, string>> = {
  "src/core/clock.ts": "is the clock",
  "src/core/compiling.ts": "gives V8's compiler back after a while, whatever happens",
  "src/core/wakers.ts": "is what wakes the loop for deadlines",
  "src/emulator/deliver/raw.ts": "writes the Date header, as every server does",
  "src/emulator/emulator.ts": "tells counts of proxies now and then, and dates certificates",
  "src/emulator/http1/answer-text.ts": "writes the Date header, as every server does",
  "src/emulator/http1/server.ts": "gives up on requests that do not end, as every server does",
  "src/emulator/listen/front.ts": "looks after its door now and then, by the clock it is given",
  "src/emulator/record/lookout.ts": "looks at what has passed now and then; times are the clock's",
  "src/emulator/servers.ts": "ties the run's clock to the wall's, for limits that tell the hour",
  "src/emulator/recorder.ts": "writes calls to disk now and then; no result depends on when",
  "src/fleet/ticker.ts": "does things now and then, and gives up on what does not come",
  "src/run/live-looks.ts": "reads the emulator's counts at the ends of blocks, by the run's clock",
  "src/run/now-iso.ts": "stamps entries of the audit trail, for people",
  "src/run/record/record.ts": "makes the recording's clock, and stamps when it began",
  "src/run/record/sink-worker.ts":
    "hands on what has ended now and then; no result depends on when",
  "src/run/roll-back-action.ts": "dates and signs a webhook, and tries it again later",
  "src/run/run-once.ts": "makes the run's clock, and stamps what people read",
  "src/web/live-server.ts": "looks for new lines now and then, and lets readers leave",
  "src/run/run-scenario.ts": "stamps what people read",
  "src/run/saturate/saturate.ts": "stamps what people read",
  "src/replay/generator/generators.ts": "gives up on a thread that does not end",
  "src/replay/generator/worker.ts": "tells counts now and then; no result depends on when",
  "src/run/traffic.ts": "ticks for those who watch; no result depends on when",
  "src/run/target.ts": "waits for another process, on that process's time",
  "src/run/usage.ts": "samples what arms use now and then, stamped by the run's clock",
  "src/telemetry/export/sdk.ts": "gives up on a collector that is slow, as a run ends",
  "src/telemetry/processes/sampler-thread.ts":
    "samples what arms use now and then, stamped by the run's clock",
  "src/telemetry/receivers.ts": "ties the run's clock to the wall's, which senders tell",
  "src/emulator/thread.ts": "gives up on a thread that does not stop",
};

interface Family {
  /** The file that lists the plug-ins, beside index.ts: the only one that may import them. */
  readonly list?: string;
  /** Files of the folder that are shared ground; every other one is a plug-in. */
  readonly shared: readonly string[];
}

/** Plug-in families, by folder. */
export const FAMILIES: Readonly<Record<string, Family>> = {
  "src/capture": {
    list: "import.ts",
    shared: filesOf(
      "access-line access-requests answers byte-memo calls captured-lines captured-routes collect distinct foreign",
      "format har-fields http-fields http-message instant json-scan ledger line-bytes memo profile-lines",
      "record-text request-shape retry-after session source split viewed-bytes warnings server-escapes",
    ),
  },
  "src/detect": {
    shared: filesOf(
      "adjust beside cache-reading detector dogpiles evidence exchanges flushes identity join",
      "limit-reading limit-ways lost-slots lru-model occupancy opens pairs pool-reading queue repeats",
      "retries retry-habits retry-words saturation-reading slowness too-little",
    ),
  },
  "src/emulator/fault": { shared: filesOf("what") },
  "src/emulator/latency": { shared: [] },
  "src/emulator/limit/algorithm": { shared: [] },
  "src/emulator/limit/preset": { shared: filesOf("fields") },
  "src/emulator/tcp/toxic": { shared: filesOf("model") },
  "src/experiment/metrics": { shared: filesOf("model told-spec") },
  "src/report": {
    shared: filesOf(
      "arm-model assignment-model factor-model looks-model model pictures-model responses-model factor-words",
      "finding-words look-words ci-cases spark-lines resilience-schema resilience-words responses-words",
      "finding-model soak-model soak-words soak-lines footnotes ledger-markdown",
      "assignment-words check-words",
      "revision-words run-words words marks markdown-cells run-markdown run-lines text-lines variant-words",
    ),
  },
  "src/schedule": { shared: filesOf("schedule spec") },
  "src/schedule/shape": { shared: filesOf("shape") },
};

function filesOf(...names: readonly string[]): readonly string[] {
  return names
    .join(" ")
    .split(" ")
    .map((name) => `${name}.ts`);
}

/** These know nothing of arms, and may use the words below in their everyday sense. */
const NO_ARMS_THERE: ReadonlySet<string> = new Set(["core", "profile", "capture"]);

/** One word per idea: a word in an identifier, and the project's word for it. */
const SYNONYMS: ReadonlyMap<string, string> = new Map([
  ["baseline", "control"],
  ["canary", "variant"],
  ["candidate", "variant"],
  ["treatment", "variant"],
  ["experimental", "variant"],
  ["mock", "emulator"],
  ["throttler", "limiter"],
  ["qps", "ratePerSec"],
  ["rps", "ratePerSec"],
]);

interface Edge {
  readonly file: string;
  readonly from: string;
  readonly to: string;
  readonly target: string;
}

/** Imports that cross from one folder of src into another. */
function crossings(sources: readonly Source[]): readonly Edge[] {
  return sources.flatMap((source) => {
    const from = folderOf(source.path);
    if (from === undefined) return [];
    return importsOf(source).flatMap(({ target }) => {
      const to = folderOf(target);
      return to === undefined || to === from ? [] : [{ file: source.path, from, to, target }];
    });
  });
}

const named = (folder: string): string => (folder === "" ? "src/index.ts" : `src/${folder}`);

export const importsGoDown: Check = (sources) =>
  crossings(sources)
    .filter(({ from, to }) => !((LEVELS[to] ?? Infinity) < (LEVELS[from] ?? -1)))
    .map(
      ({ file, from, to }) =>
        `${file} imports ${named(to)} (level ${LEVELS[to]}) from level ${LEVELS[from]}: imports go ` +
        "down only. Move what is shared to a lower folder, or let the consumer state the type it needs.",
    );

export const foldersHaveALevel: Check = (sources) => {
  const folders = new Set(sources.map(({ path }) => folderOf(path)));
  return [...folders]
    .filter((folder) => folder !== undefined && !Object.hasOwn(LEVELS, folder))
    .map((folder) => `src/${folder} has no level: give it one in LEVELS (test/tidy-rules.ts).`);
};

export const onlyTheIndexFromOutside: Check = (sources) =>
  crossings(sources)
    .filter(({ target }) => posix.basename(target) !== "index.ts")
    .map(
      ({ file, to, target }) =>
        `${file} imports ${target}: from outside a folder import only its surface, ${named(to)}/index.ts ` +
        "(and export there what is meant to be used), or that of a folder in it.",
    );

export const nobodyImportsTesting: Check = (sources) =>
  crossings(sources)
    .filter(({ to }) => to === "testing")
    .map(
      ({ file }) => `${file} imports src/testing, which is for tests: nothing in src may need it.`,
    );

export const noFolderCycles: Check = (sources) => {
  const next = new Map<string, Set<string>>();
  for (const { from, to } of crossings(sources)) {
    next.set(from, (next.get(from) ?? new Set()).add(to));
  }
  const reaches = (from: string, goal: string, seen = new Set<string>()): boolean =>
    [...(next.get(from) ?? [])].some((to) => {
      if (to === goal) return true;
      return !seen.has(to) && reaches(to, goal, seen.add(to));
    });
  return [...next.keys()]
    .filter((folder) => reaches(folder, folder))
    .map((folder) => `${named(folder)} imports itself by way of other folders: cut the cycle.`);
};

export const pluginsStandAlone: Check = (sources) =>
  sources.flatMap((source) => {
    const [folder, file] = [posix.dirname(source.path), posix.basename(source.path)];
    const family = FAMILIES[folder];
    if (family === undefined || file === "index.ts" || file === family.list) return [];
    return importsOf(source)
      .map(({ target }) => target)
      .filter((target) => posix.dirname(target) === folder)
      .filter((target) => !family.shared.includes(posix.basename(target)))
      .map(
        (target) =>
          `${source.path} imports its sibling ${target}: a plug-in stands alone. Put what both need into ` +
          "a shared file and list it in FAMILIES (test/tidy-rules.ts), or into a lower folder.",
      );
  });

/** A rule on what may be written in a file's code: a sentence for each hit. */
const codeRule =
  (applies: (path: string) => boolean, pattern: RegExp, advice: string): Check =>
  (sources) =>
    sources
      .filter(({ path }) => path.startsWith("src/") && applies(path))
      .flatMap(({ path, text }) =>
        withoutComments(text)
          .split("\n")
          .flatMap((line, at) => {
            const hit = pattern.exec(line)?.[0];
            return hit === undefined ? [] : [`${path}:${at + 1} has ${hit}: ${advice}`];
          }),
      );

export const onlyCliTouchesTheProcess: Check = codeRule(
  (path) => folderOf(path) !== "cli",
  /\bprocess\.(?:argv|stdin|stdout|stderr|exit|exitCode)\b|\bconsole\.\w+/,
  "only src/cli touches argv, the standard streams and exit. Take a stream or return data instead.",
);

const SOCKET_MODULES = /^(?:node:(?:net|http|https|http2|dgram|tls)|undici)$/;
/** A clause that takes types and pure functions only. */
const NO_SOCKET =
  /^type\b|^\{(?:\s*(?:type\s+\w+|isIP(?:v[46])?|STATUS_CODES|METHODS|validateHeader\w+)\s*,?)*\}$/;

const opensSockets = (source: Source): boolean => {
  const code = withoutComments(source.text);
  const ofHttp = [...code.matchAll(/(\{[^{}]*\}) = nodeHttp\(\)/g)].map(([, clause]) => clause!);
  return (
    importsOf(source).some(
      ({ clause, target }) => SOCKET_MODULES.test(target) && !NO_SOCKET.test(clause),
    ) ||
    ofHttp.some((clause) => !NO_SOCKET.test(clause)) ||
    /(?<![.\w])fetch\(/.test(code)
  );
};

export const onlySomeOpenSockets: Check = (sources) =>
  sources
    .filter(({ path }) => path.startsWith("src/"))
    .filter(({ path }) => !SOCKET_FOLDERS.includes(folderOf(path) ?? ""))
    .filter((source) => !Object.hasOwn(SOCKET_FILES, source.path) && opensSockets(source))
    .map(
      ({ path }) =>
        `${path} opens sockets, as only ${SOCKET_FOLDERS.join(", ")} do. If it truly must, add it to ` +
        "SOCKET_FILES in test/tidy-rules.ts with the reason.",
    );

const CLOCKS =
  /\bDate\.now\b|\bnew Date\(\)|\bperformance\.now\b|\bprocess\.hrtime\(|\bMath\.random\b|\bset(?:Timeout|Interval)\b/;

const looksAtTheClock = ({ text }: Source): boolean => CLOCKS.test(withoutComments(text));

export const clocksComeAsArguments: Check = codeRule(
  (path) => !Object.hasOwn(OWN_CLOCK, path),
  CLOCKS,
  "clocks, timers and chance come in as arguments (src/core: Clock, Deadlines, Prng). If this file " +
    "truly is where they come from, add it to OWN_CLOCK in test/tidy-rules.ts with the reason.",
);

/** An exception that is no longer needed is taken out again. */
export const exceptionsAreNeeded: Check = (sources) =>
  [
    { exceptions: OWN_CLOCK, name: "OWN_CLOCK", needs: looksAtTheClock },
    { exceptions: SOCKET_FILES, name: "SOCKET_FILES", needs: opensSockets },
  ].flatMap(({ exceptions, name, needs }) =>
    Object.keys(exceptions)
      .filter((path) => {
        const source = sources.find((each) => each.path === path);
        return source === undefined || !needs(source);
      })
      .map((path) => `${path} needs no exception any more: take it out of ${name}.`),
  );

export const oneWordPerIdea: Check = (sources) =>
  sources
    .filter(({ path }) => !NO_ARMS_THERE.has(folderOf(path) ?? "core"))
    .flatMap(({ path, text }) => {
      const code = withoutComments(text).replaceAll(/"(?:\\.|[^"\\\n])*"/g, '""');
      const identifiers = new Set(code.match(/[A-Za-z_$][\w$]*/g));
      return [...identifiers].flatMap((identifier) => synonymIn(identifier, path));
    });

function synonymIn(identifier: string, path: string): readonly string[] {
  const words = identifier.split(/(?<=[a-z\d])(?=[A-Z])|_/).map((word) => word.toLowerCase());
  const averaged = words.some((word) => /^(?:mean|avg|average|averaged)$/.test(word));
  if (averaged && words.some((word) => /^(?:percentiles?|p\d{2,3})$/.test(word))) {
    return [
      `${path} says ${identifier}: percentiles are never averaged; merge histograms instead.`,
    ];
  }
  return words.flatMap((word) => {
    const better = SYNONYMS.get(word) ?? SYNONYMS.get(word.replace(/s$/, ""));
    return better === undefined
      ? []
      : [`${path} says ${identifier}: our word for ${word} is ${better}.`];
  });
}

// The classes of one letter keep this very line from being found.
const LEFT_OVER = /\b(?:FIXM[E]|TOD[O]|XX[X])\b/;

export const nothingLeftOver: Check = (sources) =>
  sources.flatMap(({ path, text }) =>
    text.split("\n").flatMap((line, at) => {
      const note = LEFT_OVER.exec(line)?.[0];
      return note === undefined ? [] : [`${path}:${at + 1} says ${note}: do it, or decide not to.`];
    }),
  );

const TEMPLATE_OR_EXPRESSION = /`|(?:^|[=(,:]|return)\s*\/(?![/*])/;

/** Lines of templates and regular expressions are as long as what they say: a break would change it. */
export const linesAreShort: Check = (sources) =>
  sources.flatMap(({ path, text }) => {
    const codeLines = withoutComments(text).split("\n");
    let inTemplate = false;
    return text.split("\n").flatMap((line, at) => {
      const code = codeLines[at] ?? "";
      const excused = inTemplate || TEMPLATE_OR_EXPRESSION.test(code);
      if (code.split("`").length % 2 === 0) inTemplate = !inTemplate;
      if (excused || line.length <= 120) return [];
      return [`${path}:${at + 1} is longer than 120 columns: break the line.`];
    });
  });

export const filesAreShort: Check = (sources) =>
  sources
    .filter(({ path }) => path.startsWith("src/"))
    .map(({ path, text }) => ({ path, lines: text.trimEnd().split("\n").length }))
    .filter(({ lines }) => lines > 300)
    .map(({ path, lines }) => `${path} has ${lines} lines: past 300, look for a better cut.`);

const foldersOf = (sources: readonly Source[]): readonly string[] => [
  ...new Set(sources.map(({ path }) => folderOf(path) ?? "").filter((folder) => folder !== "")),
];

export const foldersHaveAnIndex: Check = (sources) => {
  const paths = new Set(sources.map(({ path }) => path));
  return foldersOf(sources)
    .filter((folder) => folder !== "cli" && !paths.has(`src/${folder}/index.ts`))
    .map(
      (folder) =>
        `src/${folder} has no index.ts: every folder (but cli) has one, its public surface.`,
    );
};

/** `readme` is the text of src/README.md. */
export const foldersAreOnTheMap =
  (readme: string): Check =>
  (sources) =>
    foldersOf(sources)
      .filter((folder) => !new RegExp(`\\b${folder}\\b`).test(readme))
      .map(
        (folder) =>
          `src/${folder} is not named in src/README.md: put it on the map, with a line on what it does.`,
      );
