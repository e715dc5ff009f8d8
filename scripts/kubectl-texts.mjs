// kubectl's help texts are its authors', so they are not in this repository: whoever builds asks the kubectl that is
// installed (docs/decisions/0009-kubectl-texts.md). What is committed, engine/tools/kubectl/commands.json, are the names,
// letters and defaults of commands and flags. `node scripts/kubectl-texts.mjs` writes that file anew for another version.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, realpathSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const FACTS = join(root, "engine", "tools", "kubectl", "commands.json");
/** What the engine imports as "kubectl-texts": the texts, or null where no kubectl of the version was there to be asked. */
export const TEXTS = join(root, "node_modules", ".cache", "kubetude", "kubectl-texts.json");
const VERSION = /^v1\.32\./;

const env = { HOME: "/root", PATH: process.env.PATH };
const ask = (args) => execFileSync("kubectl", args, { env, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });

/** [name, shorthand, default as displayed, usage] of each flag in a block of options. */
function parseFlags(block) {
  const out = [];
  for (const entry of block.split("\n\n")) {
    const match = /^ {4}(?:-(.), )?--([^=]+)=([^\n]*):\n\t([\s\S]*)$/.exec(entry);
    if (match) out.push([match[2], match[1] ?? "", match[3], match[4].replace(/\n\t/g, "\n")]);
  }
  return out;
}

/** Asks for the help of every command. */
function readAll() {
  const commands = {};
  const walk = (path) => {
    const text = ask([...path, "--help"]);
    const options = /\nOptions:\n([\s\S]*?)\n\nUsage:\n/.exec(text);
    const command = { help: text, flags: [], aliases: [], subcommands: [] };
    if (options) {
      command.flags = parseFlags(options[1]);
      command.help = text.replace(options[1], "\0");
    }
    command.aliases = /\nAliases:\n([^\n]*)\n/.exec(text)?.[1].split(", ").slice(1) ?? [];
    commands[path.join(" ")] = command;
    for (const group of text.matchAll(/^(?:Available Commands|[A-Z][A-Za-z ()]*Commands[^:\n]*):\n((?: {2}.*\n)+)/gm)) {
      for (const line of group[1].trim().split("\n")) command.subcommands.push(line.trim().split(/\s+/)[0]);
    }
    for (const name of command.subcommands) walk([...path, name]);
  };
  walk([]);
  const text = ask(["options"]);
  const head = text.slice(0, text.indexOf("\n\n") + 2);
  commands[""].subcommands.push("options");
  commands["options"] = { help: ask(["options", "--help"]), flags: [], aliases: [], subcommands: [] };
  return { head, globals: parseFlags(text.slice(head.length).trimEnd()), commands };
}

const bare = (flags) => flags.map(([name, shorthand, shown]) => [name, shorthand, shown]);

function factsOf({ globals, commands }) {
  const facts = { globals: bare(globals), commands: {} };
  for (const [path, { flags, aliases, subcommands }] of Object.entries(commands)) {
    facts.commands[path] = {
      ...(flags.length > 0 && { flags: bare(flags) }),
      ...(aliases.length > 0 && { aliases }),
      ...(subcommands.length > 0 && { subcommands }),
    };
  }
  return facts;
}

/** Usages stand once: most flags are many commands'. */
function textsOf({ head, globals, commands }) {
  const usages = [];
  const index = new Map();
  const numbers = (flags) =>
    flags.map(([, , , usage]) => {
      if (!index.has(usage)) index.set(usage, usages.push(usage) - 1);
      return index.get(usage);
    });
  const texts = { head, usages, globals: numbers(globals), commands: {} };
  for (const [path, { help, flags }] of Object.entries(commands)) {
    texts.commands[path] = { help, usages: numbers(flags) };
  }
  return texts;
}

/** The binary that is asked: a file of another size or time is another. */
function installed() {
  for (const folder of (env.PATH ?? "").split(":")) {
    const path = join(folder, "kubectl");
    if (!existsSync(path)) continue;
    const { size, mtimeMs } = statSync(realpathSync(path));
    return `${path} ${size} ${Math.floor(mtimeMs)}`;
  }
  return "none";
}

/** Makes TEXTS when it is missing or another kubectl is installed now; returns its path. */
export function ensureKubectlTexts() {
  const stamp = `${TEXTS}.stamp`;
  const binary = installed();
  if (existsSync(TEXTS) && existsSync(stamp) && readFileSync(stamp, "utf8") === binary) return TEXTS;
  let texts = null;
  if (
    binary !== "none" &&
    VERSION.test(JSON.parse(ask(["version", "--client", "-o", "json"])).clientVersion.gitVersion)
  ) {
    const all = readAll();
    if (JSON.stringify(factsOf(all)) === JSON.stringify(JSON.parse(readFileSync(FACTS, "utf8")))) texts = textsOf(all);
  }
  if (texts === null)
    console.error("No kubectl 1.32 to ask for its help texts: the terminal's kubectl lists flags without words.");
  mkdirSync(dirname(TEXTS), { recursive: true });
  writeFileSync(TEXTS, JSON.stringify(texts));
  writeFileSync(stamp, binary);
  return TEXTS;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const { globals, commands } = factsOf(readAll());
  const lines = Object.entries(commands).map(([path, command]) => `${JSON.stringify(path)}:${JSON.stringify(command)}`);
  writeFileSync(FACTS, `{"globals":${JSON.stringify(globals)},"commands":{\n${lines.join(",\n")}\n}}\n`);
}
