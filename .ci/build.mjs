// Builds dist/, what is installed from a package: the bundle in dist/lib, the types of src in dist/src,
// the shipped scenarios and profiles. Node does not strip types under node_modules, so the scenarios
// in dist/ name the compiled .js services; those in scenarios/ run as they are in a clone.
import { execFileSync } from "node:child_process";
import { chmodSync, cpSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { bundle } from "./bundle.mjs";

process.chdir(fileURLToPath(new URL("..", import.meta.url)));
rmSync("dist", { recursive: true, force: true });
for (const folder of ["src", "scenarios"]) {
  const tsc = ["node_modules/typescript/bin/tsc", "-p", `${folder}/tsconfig.build.json`];
  execFileSync(process.execPath, tsc, { stdio: "inherit" });
}
await bundle("dist/lib");
chmodSync("dist/lib/main.js", 0o755);

for (const name of readdirSync("scenarios").filter((file) => file.endsWith(".yaml"))) {
  const text = readFileSync(`scenarios/${name}`, "utf8");
  writeFileSync(`dist/scenarios/${name}`, text.replaceAll(/(services\/[\w-]+)\.ts\b/g, "$1.js"));
}
cpSync("profiles", "dist/profiles", { recursive: true });
