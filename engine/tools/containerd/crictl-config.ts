/** crictl config: reads and changes /etc/crictl.yaml. */
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

function read(p: Process, path: string): Map<string, string> {
  const out = new Map(Object.entries(OPTIONS));
  for (const line of (readOptional(p, path) ?? "").split("\n")) {
    const pair = /^([a-z-]+):\s*(.*?)\s*$/.exec(line);
    if (pair && out.has(pair[1]!)) out.set(pair[1]!, pair[2]!.replace(/^(["'])(.*)\1$/, "$2"));
  }
  return out;
}

function write(p: Process, path: string, values: ReadonlyMap<string, string>): void {
  const lines = [...values].map(([key, value]) => `${key}: ${value === "" ? '""' : value}\n`);
  sys.writeText(p, path, lines.join(""), 0o644);
}

const BOOLEAN = /^(1|t|T|TRUE|true|True|0|f|F|FALSE|false|False)$/;

function set(values: Map<string, string>, key: string, value: string): void {
  if (!values.has(key)) throw new CrictlError(`no configuration option named ${key}`);
  if (key === "timeout" && !/^[+-]?\d+$/.test(value)) {
    throw new CrictlError(`parse timeout value '${value}': strconv.Atoi: parsing "${value}": invalid syntax`);
  }
  if (OPTIONS[key] === "false") {
    if (!BOOLEAN.test(value)) {
      throw new CrictlError(`parse ${key} value '${value}': strconv.ParseBool: parsing "${value}": invalid syntax`);
    }
    values.set(key, /^[1tT]/.test(value) ? "true" : "false");
    return;
  }
  values.set(key, value);
}

export const config: CrictlCommand = {
  name: "config",
  usage: "Get, set and list crictl configuration options",
  argsUsage: "[<crictl options>]",
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
