// The engine's one door for Node hosts, written to dist/engine.mjs by the build: the engine's file is an ES module for
// browsers and workers; here it runs as a script, since a script can bring its compiled code along (node:vm cachedData).
// A command starts a third sooner for it. Code compiled by another Node is refused by V8, and then compiled as usual.
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { Script } from "node:vm";

/** The module's last statement: `export { name, inner as name };`. */
const EXPORTS = /\nexport \{\n([\s\S]*?)\n\};\s*$/;

/** What an engine's file exports, and the script it ran as. */
export function loadEngine(file, cacheFile) {
  const text = readFileSync(file, "utf8");
  const list = EXPORTS.exec(text);
  if (list === null) throw new Error(`${file}: no list of exports at its end`);
  const members = list[1].split(",").map((each) => {
    const [inner, outer = inner] = each.trim().split(" as ");
    return `${outer}: ${inner}`;
  });
  // On the file's first line, so that a stack trace names the file's own lines.
  const source = `(() => {"use strict";${text.slice(0, list.index)}\nreturn { ${members.join(", ")} };\n})()`;
  const cachedData = existsSync(cacheFile) ? readFileSync(cacheFile) : undefined;
  const script = new Script(source, { filename: file, ...(cachedData && { cachedData }) });
  return { engine: script.runInThisContext(), script };
}

/** Keeps what has been compiled until now for the next start. */
export function keepCompiled(script, cacheFile) {
  writeFileSync(`${cacheFile}.part`, script.createCachedData());
  renameSync(`${cacheFile}.part`, cacheFile);
}
