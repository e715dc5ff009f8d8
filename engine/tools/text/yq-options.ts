/** What yq's command line asks for (cmd/root.go of v4). */
import { FORMATS } from "./yq-formats.ts";

/** A wrong command line, or a file that is none. */
export class YqError extends Error {}

export interface Options {
  output: string;
  input: string;
  /** Results end with NUL (-0). */
  nul: boolean;
  inPlace: boolean;
  nullInput: boolean;
  raw: boolean;
  /** `-r` was given: JSON's texts too are written without quotes. */
  rawGiven: boolean;
  exitStatus: boolean;
  noDocument: boolean;
  all: boolean;
  indent: number;
  fromFile?: string;
  /** What `--expression` gave; words are then files. */
  expression?: string;
  /** Each result goes to a file of the name that this gives. */
  split?: string;
  /** Block style throughout. */
  pretty: boolean;
  words: string[];
}

/** Throws `YqError`. */
export function parseOptions(args: readonly string[]): Options | "version" | "help" {
  const o: Options = {
    output: "auto",
    input: "auto",
    nul: false,
    inPlace: false,
    nullInput: false,
    raw: true,
    rawGiven: false,
    exitStatus: false,
    noDocument: false,
    all: false,
    indent: 2,
    pretty: false,
    words: [],
  };
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!;
    if (arg === "--") {
      o.words.push(...args.slice(i + 1));
      break;
    }
    if (!arg.startsWith("-") || arg === "-") {
      o.words.push(arg);
      continue;
    }
    const [flag, attached] = arg.startsWith("--")
      ? arg.split(/=(.*)/s)
      : [arg.slice(0, 2), arg.length > 2 ? arg.slice(2).replace(/^=/, "") : undefined];
    const value = () => {
      const next = attached ?? args[++i];
      if (next === undefined)
        throw new YqError(`flag needs an argument: ${arg.startsWith("--") ? flag : `'${arg[1]}' in ${arg}`}`);
      return next;
    };
    if (flag === "-o" || flag === "--output-format") o.output = formatName(value());
    else if (flag === "-p" || flag === "--input-format") o.input = formatName(value());
    else if (flag === "-I" || flag === "--indent") o.indent = Number(value());
    else if (flag === "--version" || flag === "-V") return "version";
    else if (flag === "--help" || flag === "-h") return "help";
    else if (arg === "--tojson") o.output = "json";
    else if (arg === "--inplace") o.inPlace = true;
    else if (arg === "--null-input") o.nullInput = true;
    else if (arg === "--exit-status") o.exitStatus = true;
    else if (arg === "--no-doc") o.noDocument = true;
    else if (arg === "--nul-output") o.nul = true;
    else if (/^--(?:properties-array-brackets|csv-auto-parse|tsv-auto-parse)$/.test(flag!)) continue;
    else if (/^(--unwrapScalar|-r)(=|$)/.test(arg))
      o.rawGiven = o.raw = !/^(?:f|F|0|false|False|FALSE)$/.test(attached ?? "");
    else if (flag === "--from-file") o.fromFile = value();
    else if (flag === "--expression") o.expression = value();
    else if (flag === "-s" || flag === "--split-exp") o.split = value();
    else if (/^--(csv|xml|properties|lua|tsv|yaml|header|split|front|string|security|debug|no-doc)/.test(flag!)) {
      if (flag === "--no-doc") o.noDocument = true;
      else if (attached === undefined && !/^--(no-doc|debug)/.test(flag!)) value();
    } else if (arg === "--prettyPrint") o.pretty = true;
    else if (/^--(no-colors|colors)$/.test(arg)) continue;
    else if (arg.startsWith("--")) throw new YqError(`unknown flag: ${arg}`);
    else
      for (const [k, letter] of [...arg.slice(1)].entries()) {
        const rest = arg.slice(k + 2).replace(/^=/, "");
        if (letter === "o" || letter === "p" || letter === "I") {
          const given = rest === "" ? value() : rest;
          if (letter === "I") o.indent = Number(given);
          else if (letter === "o") o.output = formatName(given);
          else o.input = formatName(given);
          break;
        }
        if (letter === "i") o.inPlace = true;
        else if (letter === "P") o.pretty = true;
        else if (letter === "n") o.nullInput = true;
        else if (letter === "e") o.exitStatus = true;
        else if (letter === "N") o.noDocument = true;
        else if (letter === "0") o.nul = true;
        else if (letter === "j") o.output = "json";
        else if (letter === "r") o.rawGiven = o.raw = true;
        else if (!"CMv".includes(letter)) throw new YqError(`unknown shorthand flag: '${letter}' in ${arg}`);
      }
  }
  if (o.words[0] === "eval" || o.words[0] === "e") o.words.shift();
  else if (o.words[0] === "eval-all" || o.words[0] === "ea") {
    o.words.shift();
    o.all = true;
  }
  return o;
}

function formatName(text: string): string {
  const name = FORMATS[text];
  if (name === undefined)
    throw new YqError(
      `unknown format '${text}' please use [yaml|y|json|j|props|p|csv|c|tsv|t|xml|x|base64|uri|toml|shell|s|lua|l]`,
    );
  return name;
}
