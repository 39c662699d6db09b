// node build.mjs SOURCE.ts OUT.wasm [COMPILER [FOLDER [traced]]]: one function, whose exported `main` takes the input's bytes
// and returns the output's. COMPILER is the folder of the package assemblyscript; errors name files from FOLDER on, by default
// the source's own. A traced module has names and a source map, OUT.wasm.map. Prints the files that the module was made of.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const HERE = dirname(fileURLToPath(import.meta.url));
const ENTRY = "executor-entry.ts";
const [source, out, compiler = join(HERE, "node_modules", "assemblyscript"), folder = dirname(source)] = process.argv
  .slice(2, 6)
  .map((path) => resolve(path));
const traced = process.argv[6] === "traced";
const { default: asc } = await import(pathToFileURL(join(compiler, "dist", "asc.js")).href);
const entry = `
import { main } from "./${relative(folder, source).replaceAll("\\", "/").replace(/\.ts$/, "")}";
import { inputAt, outputOf } from "executor/run";
export { alloc } from "executor/run";
export function run(at: usize, length: i32): u64 {
  return outputOf(main(inputAt(at, length)));
}
`;

const files = [];

// stub: memory is never given back, as a run is short. No table or memory is imported, so that only executor.* is.
const { error, stdout, stderr } = await asc.main(
  [
    ENTRY, "--baseDir", folder, "--lib", join(HERE, "lib"), "--outFile", "out.wasm", "--runtime", "stub",
    "--use", "abort=~lib/executor/run/executorAbort", "--exportStart", "_initialize", "--disableWarning", "235",
    ...(traced ? ["--debug", "--sourceMap", "--optimizeLevel", "0"] : ["--optimizeLevel", "3", "--shrinkLevel", "1"]),
  ],
  {
    readFile(name, base) {
      if (name === ENTRY) return entry;
      const file = resolve(base, name);
      if (!existsSync(file)) return null;
      files.push(file);
      return readFileSync(file, "utf8");
    },
    writeFile: (name, content) => writeFileSync(name.endsWith(".map") ? `${out}.map` : out, content),
    listFiles: () => [],
  },
);
process.stderr.write(stdout.toString() + stderr.toString());
if (error) process.exit(1);
process.stdout.write(files.map((file) => `${file}\n`).join(""));
