// Compiles src and scenarios into dist/, and lays the shipped scenarios and profiles beside the
// compiled services. Node does not strip types under node_modules, so the copies in dist/ name
// the compiled .js services; the sources in scenarios/ run as they are in a clone.
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
process.chdir(root);
rmSync("dist", { recursive: true, force: true });
execFileSync(
  process.execPath,
  ["node_modules/typescript/bin/tsc", "-p", "src/tsconfig.build.json"],
  {
    stdio: "inherit",
  },
);
mkdirSync("dist/scenarios", { recursive: true });
for (const name of readdirSync("scenarios").filter((file) => file.endsWith(".yaml"))) {
  const text = readFileSync(`scenarios/${name}`, "utf8");
  writeFileSync(`dist/scenarios/${name}`, text.replaceAll(/(services\/[\w-]+)\.ts\b/g, "$1.js"));
}
cpSync("profiles", "dist/profiles", { recursive: true });
chmodSync("dist/src/cli/main.js", 0o755);
