// Bundles the command, the library and each thread into a folder: a start loads some ten files where
// it loaded nine hundred. What hardly any start can do without, and is many small files, is bundled
// with them; other packages stay where npm installs them. Licences of what is bundled lie beside it.
import { cpSync, globSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, isAbsolute, join } from "node:path";
import { rolldown } from "rolldown";

const BUNDLED = /^(?:zod|yaml|handlebars|source-map|neo-async|@stdlib\/.*)(?:\/|$)/;
const LICENCE = /^(?:licen[cs]e|notice)(?:\.\w+)?$/i;

/** Whether it is left where npm installs it. Helpers for what Node.js lacks are of no package there. */
const isOutside = (id) =>
  !(id.startsWith(".") || id.startsWith("\0") || isAbsolute(id)) &&
  !id.startsWith("@oxc-project/") &&
  !BUNDLED.test(id);

/** @param {string} folder that is made anew; from the package's root, as is everything here */
export async function bundle(folder) {
  rmSync(folder, { recursive: true, force: true });
  const threads = globSync("src/**/*-thread.ts").map((path) => [basename(path, ".ts"), path]);
  const entries = {
    main: "src/cli/main.ts",
    index: "src/index.ts",
    testing: "src/testing/index.ts",
    ...Object.fromEntries(threads),
  };
  const build = await rolldown({
    input: entries,
    platform: "node",
    external: isOutside,
    transform: { target: "node22" },
  });
  const { output } = await build.write({
    dir: folder,
    format: "esm",
    entryFileNames: "[name].js",
    chunkFileNames: "[name]-[hash].js",
  });
  await build.close();
  const modules = output.flatMap(({ moduleIds = [] }) => moduleIds);
  writeFileSync(join(folder, "LICENCES.txt"), licencesOf(modules));
  for (const name of readdirSync("src/report/page").filter((file) => /\.(css|js)$/.test(file))) {
    cpSync(join("src/report/page", name), join(folder, name), { errorOnExist: true, force: false });
  }
}

/**
 * What the packages that these modules are of ask to be kept with them, each text once.
 * @param {readonly string[]} modules
 */
function licencesOf(modules) {
  const folders = modules.flatMap(
    (id) => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(id)?.[0] ?? [],
  );
  /** @type {Map<string, string[]>} */
  const packages = new Map();
  for (const folder of new Set(folders)) {
    const { license, name, version } = JSON.parse(readFileSync(`${folder}/package.json`, "utf8"));
    const files = readdirSync(folder).filter((file) => LICENCE.test(file));
    const texts = files.map((file) => readFileSync(join(folder, file), "utf8").trim());
    if (texts.length === 0) throw new Error(`${name} is bundled, and brings no licence`);
    const text = texts.join("\n\n");
    packages.set(text, [...(packages.get(text) ?? []), `${name} ${version} (${license})`]);
  }
  return [...packages]
    .map(([text, names]) => `${names.join("\n")}\n\n${text}\n`)
    .join(`\n${"-".repeat(72)}\n\n`);
}
