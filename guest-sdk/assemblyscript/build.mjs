// node build.mjs SOURCE.ts OUT.wasm: one function, whose exported `main` takes the input's bytes and returns the output's.
import { readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";

const HERE = dirname(fileURLToPath(import.meta.url));
const ENTRY = "executor-entry.ts";
const [source, out] = process.argv.slice(2).map((path) => resolve(path));
const entry = `
import { main } from "./${basename(source, ".ts")}";
import { inputAt, outputOf } from "executor/run";
export { alloc } from "executor/run";
export function run(at: usize, length: i32): u64 {
  return outputOf(main(inputAt(at, length)));
}
`;

// stub: memory is never given back, as a run is short. No table or memory is imported, so that only executor.* is.
const { error, stdout, stderr } = await asc.main(
  [
    ENTRY, "--baseDir", dirname(source), "--lib", join(HERE, "lib"), "--outFile", "out.wasm", "--runtime", "stub",
    "--use", "abort=~lib/executor/run/executorAbort", "--exportStart", "_initialize", "--optimizeLevel", "3",
    "--shrinkLevel", "1", "--disableWarning", "235",
  ],
  {
    readFile(name, base) {
      if (name === ENTRY) return entry;
      try {
        return readFileSync(resolve(base, name), "utf8");
      } catch {
        return null;
      }
    },
    writeFile: (_name, content) => writeFileSync(out, content),
    listFiles: () => [],
  },
);
process.stderr.write(stdout.toString() + stderr.toString());
if (error) process.exit(1);
