#!/usr/bin/env node
import { enableCompileCache } from "node:module";

/*
 * The way in. Says so when Node.js is too old, before anything that needs a newer one is loaded.
 */
const NEEDS = { major: 22, minor: 19 };
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);

if (major < NEEDS.major || (major === NEEDS.major && minor < NEEDS.minor)) {
  process.stderr.write(
    `shakedown: Node.js ${NEEDS.major}.${NEEDS.minor} or newer is needed, this is ${process.version}\n` +
      "  install one, or put one beside shakedown: npm install node@24\n",
  );
  process.exitCode = 64;
} else {
  // Node's own exit code for a crash is 1, which here means roll back.
  process.on("uncaughtException", (error) => {
    process.stderr.write(
      `shakedown: a bug of ours, please report it:\n${error.stack ?? error.message}\n`,
    );
    process.exit(70);
  });
  // A quarter of the time until the first word goes into compiling what was compiled the last time.
  enableCompileCache();
  await import("./program.ts");
}
