// Compiles src and scenarios into dist/, and lays beside them what is not TypeScript: the report
// page's own style and script, the shipped scenarios and profiles. Node does not strip types under
// node_modules, so the scenarios in dist/ name the compiled .js services; those in scenarios/ run
// as they are in a clone.
import { execFileSync } from "node:child_process";
import { chmodSync, cpSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

process.chdir(fileURLToPath(new URL("..", import.meta.url)));
rmSync("dist", { recursive: true, force: true });
const tsc = ["node_modules/typescript/bin/tsc", "-p", "src/tsconfig.build.json"];
execFileSync(process.execPath, tsc, { stdio: "inherit" });

for (const name of readdirSync("src/report/page").filter((file) => /\.(css|js)$/.test(file))) {
  cpSync(`src/report/page/${name}`, `dist/src/report/page/${name}`);
}
for (const name of readdirSync("scenarios").filter((file) => file.endsWith(".yaml"))) {
  const text = readFileSync(`scenarios/${name}`, "utf8");
  writeFileSync(`dist/scenarios/${name}`, text.replaceAll(/(services\/[\w-]+)\.ts\b/g, "$1.js"));
}
cpSync("profiles", "dist/profiles", { recursive: true });
chmodSync("dist/src/cli/main.js", 0o755);
