// Standard JSON on stdin, standard JSON on stdout: solc from npm, imports read below this package.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const solc = createRequire(import.meta.url)("solc");
const home = join(dirname(fileURLToPath(import.meta.url)), "..");

function read(path) {
  for (const folder of [home, join(home, "node_modules")]) {
    try {
      return { contents: readFileSync(join(folder, path), "utf8") };
    } catch (error) {
      if (error.code !== "ENOENT") return { error: error.message };
    }
  }
  return { error: `${path}: not found` };
}

process.stdout.write(solc.compile(readFileSync(0, "utf8"), { import: read }));
