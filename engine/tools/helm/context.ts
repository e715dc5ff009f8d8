import { parseDuration } from "../../api/go-time.ts";
import { decode, type Gen, SECOND } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import type { Process } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { parseFlags } from "../kubectl/flags.ts";
import { goErrno } from "../kubectl/go-errno.ts";
import { Invocation } from "../kubectl/invocation.ts";
import { readDocument } from "../kubectl/yaml-documents.ts";
import { HelmError } from "./error.ts";
import type { CommandLine } from "./flags.ts";
import { isTable, mergeValues, parseSet, type Values } from "./values.ts";

/** One run of helm: its command line, its output and its cluster. */
export class Helm {
  readonly p: Process;
  readonly line: CommandLine;
  private invocation: Invocation | undefined;

  constructor(p: Process, line: CommandLine) {
    this.p = p;
    this.line = line;
  }

  get args(): string[] {
    return this.line.args;
  }

  flag(name: string): string | undefined {
    return this.line.flags.get(name)?.at(-1);
  }

  list(name: string): string[] {
    return this.line.flags.get(name) ?? [];
  }

  is(name: string): boolean {
    const value = this.flag(name);
    return value !== undefined && value !== "false" && value !== "none";
  }

  number(name: string, fallback: number): number {
    const text = this.flag(name);
    if (text === undefined) return fallback;
    if (!/^-?\d+$/.test(text)) {
      throw new HelmError(
        `invalid argument ${JSON.stringify(text)} for "--${name}" flag: strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`,
      );
    }
    return Number(text);
  }

  /** The instant (virtual µs) at which `--timeout` is over. */
  deadline(): number {
    const text = this.flag("timeout") ?? "5m0s";
    const ns = parseDuration(text);
    if (typeof ns === "string")
      throw new HelmError(`invalid argument ${JSON.stringify(text)} for "--timeout" flag: time: ${ns}`);
    return this.p.machine.kernel.now + Math.floor((ns / 1e9) * SECOND);
  }

  *out(text: string): Gen {
    yield* sys.print(this.p, text);
  }

  *err(text: string): Gen {
    yield* sys.printError(this.p, text);
  }

  /** The cluster, by the flags, the environment and the kubeconfig. */
  get k(): Invocation {
    if (this.invocation === undefined) {
      const words: string[] = [];
      const pass = (flag: string, value: string | undefined) => value && words.push(`--${flag}=${value}`);
      pass("kubeconfig", this.flag("kubeconfig"));
      pass("context", this.flag("kube-context") ?? this.p.env.get("HELM_KUBECONTEXT"));
      pass("namespace", this.flag("namespace") ?? this.p.env.get("HELM_NAMESPACE"));
      pass("server", this.flag("kube-apiserver"));
      pass("token", this.flag("kube-token"));
      pass("as", this.flag("kube-as-user"));
      this.invocation = new Invocation(this.p, parseFlags("", words));
      // A chart's own kinds come to be while it is installed.
      this.invocation.fresh = true;
    }
    return this.invocation;
  }

  get namespace(): string {
    return this.k.namespace;
  }

  /** A file's bytes, in Go's words when it cannot be read. */
  read(path: string): Uint8Array {
    try {
      return sys.readBytes(this.p, path);
    } catch (error) {
      if (!isErrno(error)) throw error;
      throw new HelmError(`open ${path}: ${goErrno(error.code, error.message)}`);
    }
  }

  /** What `-f`, `--set` and the like give, in helm's order of precedence. */
  *values(): Gen<Values> {
    let out: Values = {};
    for (const path of this.list("values").flatMap((text) => text.split(","))) {
      const bytes =
        path === "-"
          ? yield* sys.readAll(this.p, 0)
          : path.startsWith("/dev/")
            ? yield* sys.readPath(this.p, path)
            : this.read(path);
      let parsed: unknown;
      try {
        parsed = readDocument(decode(bytes));
      } catch (error) {
        const why = (error as Error).message.replace(/^error converting YAML to JSON: /, "");
        throw new HelmError(`failed to parse ${path}: error converting YAML to JSON: ${why}`);
      }
      if (isTable(parsed)) out = mergeValues(out, parsed);
      else if (parsed !== null && parsed !== undefined) {
        throw new HelmError(
          `failed to parse ${path}: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal ${Array.isArray(parsed) ? "array" : typeof parsed} into Go value of type map[string]interface {}`,
        );
      }
    }
    for (const text of this.list("set-json")) parseSet(text, out, true, true);
    for (const text of this.list("set")) parseSet(text, out, true);
    for (const text of this.list("set-string")) parseSet(text, out, false);
    for (const text of this.list("set-file")) {
      const [key = "", path = ""] = text.split(/=(.*)/s);
      parseSet(`${key}=${decode(this.read(path)).replace(/[\\,{]/g, "\\$&")}`, out, false);
    }
    for (const text of this.list("set-literal")) {
      const [key = "", value = ""] = text.split(/=(.*)/s);
      parseSet(`${key}=${value.replace(/[\\,{]/g, "\\$&")}`, out, false);
    }
    return out;
  }

  /** Refuses another number of arguments (cobra's require package). */
  require(least: number, most: number, use: string): void {
    const { args } = this;
    const name = `"helm ${this.line.command}"`;
    const usage = `\n\nUsage:  helm ${use} [flags]`;
    const some = (count: number) => `${count} argument${count === 1 ? "" : "s"}`;
    if (most === 0 && args.length > 0) throw new HelmError(`${name} accepts no arguments${usage}`);
    if (least === most && args.length !== least) throw new HelmError(`${name} requires ${some(least)}${usage}`);
    if (args.length < least) throw new HelmError(`${name} requires at least ${some(least)}${usage}`);
    if (args.length > most) throw new HelmError(`${name} accepts at most ${some(most)}${usage}`);
  }
}

/** A table as helm prints it: cells padded to the widest, tabs between them. */
export function table(rows: readonly (readonly string[])[], mostWidth = 60): string {
  const cut = rows.map((row) =>
    row.map((cell) => (cell.length > mostWidth ? `${cell.slice(0, mostWidth - 3)}...` : cell)),
  );
  const widths = (cut[0] ?? []).map((_, i) => Math.max(...cut.map((row) => [...(row[i] ?? "")].length)));
  return cut
    .map((row) => `${row.map((cell, i) => cell + " ".repeat(widths[i]! - [...cell].length)).join("\t")}\n`)
    .join("");
}
