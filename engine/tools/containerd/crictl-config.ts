/** crictl config: reads and changes /etc/crictl.yaml. */
import { parseYaml } from "../../machine/kubelet/yaml.ts";
import type { Process } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { flag } from "./cli.ts";
import { type CrictlCommand, CrictlError, readOptional, ShowHelp } from "./crictl-context.ts";

/** Options with their defaults, in the order in which the file is written. */
const OPTIONS: Readonly<Record<string, string>> = {
  "runtime-endpoint": "",
  "image-endpoint": "",
  timeout: "0",
  debug: "false",
  "pull-image-on-create": "false",
  "disable-pull-on-run": "false",
};

/** The options that a configuration file gives (pkg/common/file.go). Throws CrictlError for one that it does not know. */
export function readConfig(text: string): Map<string, string> {
  let parsed: unknown;
  try {
    parsed = parseYaml(text);
  } catch (error) {
    throw error instanceof Error ? new CrictlError(error.message) : error;
  }
  const out = new Map<string, string>();
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) return out;
  for (const [key, value] of Object.entries(parsed)) {
    const word = value === null ? "" : String(value);
    if (!Object.hasOwn(OPTIONS, key)) throw new CrictlError(`Config option '${key}' is not valid`);
    const wrong = mistake(key, word);
    if (wrong !== undefined) throw new CrictlError(`parsing config option '${key}': ${wrong}`);
    out.set(key, word);
  }
  return out;
}

const read = (p: Process, path: string): Map<string, string> =>
  new Map([...Object.entries(OPTIONS), ...readConfig(readOptional(p, path) ?? "")]);

/** Why an option may not have a value; undefined when it may. */
function mistake(key: string, value: string): string | undefined {
  if (key === "timeout" && !/^[+-]?\d+$/.test(value)) return `strconv.Atoi: parsing "${value}": invalid syntax`;
  if (OPTIONS[key] === "false" && !BOOLEAN.test(value)) return `strconv.ParseBool: parsing "${value}": invalid syntax`;
  return undefined;
}

function write(p: Process, path: string, values: ReadonlyMap<string, string>): void {
  const lines = [...values].map(([key, value]) => `${key}: ${value === "" ? '""' : value}\n`);
  sys.writeText(p, path, lines.join(""), 0o644);
}

const BOOLEAN = /^(1|t|T|TRUE|true|True|0|f|F|FALSE|false|False)$/;

function set(values: Map<string, string>, key: string, value: string): void {
  if (!values.has(key)) throw new CrictlError(`no configuration option named ${key}`);
  const wrong = mistake(key, value);
  if (wrong !== undefined) throw new CrictlError(`parse ${key} value '${value}': ${wrong}`);
  values.set(key, OPTIONS[key] !== "false" ? value : /^[1tT]/.test(value) ? "true" : "false");
}

const EXAMPLES = `EXAMPLES:
   # Set the key "debug" to "true"
   crictl config --set debug=true

   # Set the key "debug" to "true"
   crictl config debug true

   # Get the value of "debug"
   crictl config --get debug

   # Show the full configuration
   crictl config --list

CRICTL OPTIONS:
   runtime-endpoint:      Container Runtime Interface (CRI) runtime endpoint (default: "")
   image-endpoint:        Container Runtime Interface (CRI) image endpoint (default: "")
   timeout:               Timeout of connecting to server (default: 2)
   debug:                 Enable debug output (default: false)
   pull-image-on-create:  Enable pulling image on create requests (default: false)
   disable-pull-on-run:   Disable pulling image on run requests (default: false)`;

export const config: CrictlCommand = {
  name: "config",
  usage: "Get, set and list crictl configuration options",
  argsUsage: `[<crictl options>]\n\n${EXAMPLES}`,
  flags: [
    flag.string("get", "", "Show the option value"),
    flag.list("set", "", "Set option (can specify multiple or separate values with commas: opt1=val1,opt2=val2)"),
    flag.bool("list", "", "Show all option value"),
  ],
  *run(c) {
    const path = c.settings.configFile;
    if (sys.find(c.p, path) === undefined) write(c.p, path, new Map(Object.entries(OPTIONS)));
    const values = read(c.p, path);
    if (c.isSet("get")) {
      const key = c.value("get");
      if (!values.has(key)) throw new CrictlError(`no configuration option named ${key}`);
      return yield* c.print(`${values.get(key)}\n`);
    }
    if (c.isSet("set")) {
      for (const option of c.list("set")) {
        const pair = option.split("=");
        if (pair.length !== 2) throw new CrictlError(`incorrectly specified option: ${option}`);
        set(values, pair[0]!, pair[1]!);
      }
      return write(c.p, path, values);
    }
    if (c.on("list")) return yield* c.print(`\x1b[2J\x1b[H${c.table([["KEY", "VALUE"], ...values])}`);
    const [key, value = ""] = c.args;
    if (key === undefined) throw new ShowHelp();
    yield* c.log("info", `No --get, --set or --list provided, setting key "${key}" to value "${value}"`);
    try {
      set(values, key, value);
    } catch (error) {
      if (!(error instanceof CrictlError)) throw error;
      throw new CrictlError(`set "${key}" to "${value}": ${error.message}`);
    }
    write(c.p, path, values);
  },
};
