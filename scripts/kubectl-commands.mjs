// Asks the installed kubectl for the help of every command and writes what our own kubectl prints and parses by:
// engine/tools/kubectl/commands.json. Run it again for another version of Kubernetes.
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";

const env = { HOME: "/root", PATH: process.env.PATH };
const flags = [];
const flagIndex = new Map();
const commands = {};

function ask(args) {
  return execFileSync("kubectl", args, { env, encoding: "utf8" });
}

function indexOf(flag) {
  const key = JSON.stringify(flag);
  if (!flagIndex.has(key)) {
    flagIndex.set(key, flags.length);
    flags.push(flag);
  }
  return flagIndex.get(key);
}

/** [name, shorthand, default as displayed, usage] of each flag in a block of options. */
function parseFlags(block) {
  const out = [];
  for (const entry of block.split("\n\n")) {
    const match = /^ {4}(?:-(.), )?--([^=]+)=([^\n]*):\n\t([\s\S]*)$/.exec(entry);
    if (match) out.push(indexOf([match[2], match[1] ?? "", match[3], match[4].replace(/\n\t/g, "\n")]));
  }
  return out;
}

function walk(path) {
  const text = ask([...path, "--help"]);
  const options = /\nOptions:\n([\s\S]*?)\n\nUsage:\n/.exec(text);
  const command = { help: text };
  if (options) {
    command.flags = parseFlags(options[1]);
    command.help = text.replace(options[1], "\0");
  }
  commands[path.join(" ")] = command;
  const subcommands = [];
  for (const group of text.matchAll(/^(?:Available Commands|[A-Z][A-Za-z ()]*Commands[^:\n]*):\n((?: {2}.*\n)+)/gm)) {
    for (const line of group[1].trim().split("\n")) subcommands.push(line.trim().split(/\s+/)[0]);
  }
  if (subcommands.length > 0) command.subcommands = subcommands;
  for (const name of subcommands) walk([...path, name]);
}

walk([]);
const optionsText = ask(["options"]);
const head = optionsText.slice(0, optionsText.indexOf("\n\n") + 2);
const globals = parseFlags(optionsText.slice(head.length).trimEnd());
commands[""].subcommands.push("options");
commands["options"] = { help: ask(["options", "--help"]) };
mkdirSync("engine/tools/kubectl", { recursive: true });
const lines = [
  `{"head":${JSON.stringify(head)},"globals":${JSON.stringify(globals)},"flags":[`,
  flags.map((flag) => JSON.stringify(flag)).join(",\n"),
  '],"commands":{',
  Object.entries(commands)
    .map(([path, command]) => `${JSON.stringify(path)}:${JSON.stringify(command)}`)
    .join(",\n"),
  "}}",
];
writeFileSync("engine/tools/kubectl/commands.json", `${lines.join("\n")}\n`);
