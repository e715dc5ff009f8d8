import { klog } from "../../api/klog.ts";
import { formatTime } from "../../api/time.ts";
import type { Gen } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import type { Machine } from "../../machine/machine.ts";
import type { Process } from "../../machine/process.ts";
import { type ContainerRuntime, CriError, isCriError, runtimeOf } from "../../machine/runtime/index.ts";
import * as sys from "../../machine/sys.ts";
import { toYaml } from "../../text/yaml.ts";
import { toJson } from "../kubectl/go.ts";
import { GoTemplate, GoTemplateError } from "../kubectl/printers/go-template.ts";
import { TabWriter } from "../kubectl/printers/tabwriter.ts";
import type { CommandHelp, FlagSpec, Given } from "./cli.ts";
import { isOn } from "./cli.ts";

/** Ends crictl: logrus.Fatal with this text. */
export class CrictlError extends Error {}

/** Several failures, or one that might have been (errors.Aggregate): urfave/cli prints it bare. */
export class AggregateFailure extends CrictlError {}

/** Ends crictl as Go's own log.Fatal does. */
export class LogFatal extends CrictlError {}

/** Ends a command by printing its help (cli.ShowSubcommandHelp); that is no failure. */
export class ShowHelp extends Error {}

export interface CrictlCommand extends Omit<CommandHelp, "path" | "flags"> {
  name: string;
  aliases?: readonly string[];
  flags: readonly FlagSpec[];
  /** False: `-it` is not taken apart. */
  clusters?: boolean;
  run(c: Crictl): Gen;
}

const COLOURS = { fatal: 31, error: 31, warning: 33, info: 36, debug: 37 } as const;
export type Level = keyof typeof COLOURS;

const DEFAULT_ENDPOINTS = [
  "unix:///run/containerd/containerd.sock",
  "unix:///run/crio/crio.sock",
  "unix:///var/run/cri-dockerd.sock",
];

export interface Settings {
  runtimeEndpoint: string;
  runtimeSet: boolean;
  imageEndpoint: string;
  imageSet: boolean;
  configFile: string;
  debug: boolean;
  /** How long a connection may take, as Go prints durations. */
  timeout: string;
  /** pull-image-on-create. */
  pullOnCreate: boolean;
  /** disable-pull-on-run. */
  noPullOnRun: boolean;
}

/** One run of crictl: its process, settings, command line and connections. */
export class Crictl {
  readonly p: Process;
  readonly machine: Machine;
  readonly settings: Settings;
  readonly given: Given;

  constructor(p: Process, settings: Settings, given: Given) {
    this.p = p;
    this.machine = p.machine;
    this.settings = settings;
    this.given = given;
  }

  get args(): readonly string[] {
    return this.given.args;
  }

  on(name: string): boolean {
    return isOn(this.given, name);
  }

  /** Value of a flag, or its default. */
  value(name: string, otherwise = ""): string {
    return this.given.values.get(name)?.[0] ?? otherwise;
  }

  list(name: string): readonly string[] {
    return this.given.values.get(name) ?? [];
  }

  isSet(name: string): boolean {
    return this.given.values.has(name);
  }

  *print(text: string): Gen {
    yield* sys.print(this.p, text);
  }

  *log(level: Level, message: string): Gen {
    yield* logrus(this.p, level, message);
  }

  /** Rows of a table as crictl's display prints them. */
  table(rows: readonly (readonly string[])[]): string {
    const writer = new TabWriter(20, 3);
    writer.write(rows.map((row) => `${row.join("\t")}\n`).join(""));
    return writer.flush();
  }

  // ---- connections --------------------------------------------------------------------------------------------------

  /** The runtime service; warns when no endpoint is set, fails when nobody answers. */
  *runtime(): Gen<ContainerRuntime> {
    const { runtimeEndpoint, runtimeSet, debug, timeout } = this.settings;
    if (debug) {
      yield* this.log("debug", "Get runtime connection");
      yield* this.log("debug", `Using runtime connection timeout: ${timeout}`);
    }
    return yield* this.connect("runtime", runtimeEndpoint, runtimeSet);
  }

  /** The image service: the runtime's endpoint unless another is set. */
  *images(): Gen<ContainerRuntime> {
    const { imageEndpoint, imageSet, runtimeEndpoint, runtimeSet, debug } = this.settings;
    if (debug) yield* this.log("debug", "Get image connection");
    return imageEndpoint === ""
      ? yield* this.connect("image", runtimeEndpoint, runtimeSet)
      : yield* this.connect("image", imageEndpoint, imageSet);
  }

  private *connect(service: "runtime" | "image", endpoint: string, isSet: boolean): Gen<ContainerRuntime> {
    if (isSet) {
      if (endpoint === "") throw new CrictlError(`--${service}-endpoint is not set`);
      return this.dial(service, endpoint);
    }
    yield* this.log(
      "warning",
      `${service === "image" ? "Image" : service} connect using default endpoints: [${DEFAULT_ENDPOINTS.join(" ")}]. ` +
        "As the default settings are now deprecated, you should set the endpoint instead.",
    );
    let last: unknown;
    for (const one of DEFAULT_ENDPOINTS) {
      try {
        return this.dial(service, one);
      } catch (error) {
        if (!(error instanceof CrictlError)) throw error;
        yield* this.log("error", error.message);
        last = error;
      }
    }
    throw last;
  }

  private dial(service: "runtime" | "image", endpoint: string): ContainerRuntime {
    const failed = (why: string) =>
      new CrictlError(
        `validate service connection: validate CRI v1 ${service} API for endpoint "${endpoint}": ` +
          `rpc error: code = Unavailable desc = connection error: desc = "transport: Error while dialing: ${why}"`,
      );
    if (!endpoint.includes("://") && !endpoint.startsWith("/")) {
      throw new CrictlError(`protocol "" not supported`);
    }
    const protocol = /^([a-z]+):\/\//.exec(endpoint)?.[1];
    if (protocol !== undefined && protocol !== "unix" && protocol !== "tcp")
      throw new CrictlError(`protocol "${protocol}" not supported`);
    const path = endpoint.replace(/^unix:\/\//, "");
    const dialled = `dial unix ${path}: connect: `;
    const runtime = runtimeOf(this.machine);
    const isContainerd = /^(\/var)?\/run\/containerd\/containerd\.sock$/.test(path);
    if (!isContainerd || runtime.daemon === undefined) throw failed(`${dialled}no such file or directory`);
    if (this.p.cred.uid !== 0) throw failed(`${dialled}permission denied`);
    return runtime;
  }

  /**
   * Runs a call of CRI. A failure is logged as the client library does (`"X from runtime service failed"`), then ends
   * the command with `prefix` before its words; `bare`: without the call's code.
   */
  *rpc<T>(
    name: string,
    service: "runtime" | "image",
    keys: Record<string, unknown>,
    prefix: string,
    body: () => Gen<T>,
    bare = false,
  ) {
    try {
      return yield* body();
    } catch (error) {
      if (!isCriError(error)) throw error;
      const message = `${name} from ${service} service failed`;
      const { kernel } = this.machine;
      const line = klog(kernel, this.p.nsPid, "E", "log.go:32", message, { err: error.rpc, ...keys });
      yield* sys.printError(this.p, line.endsWith("\n") ? line : `${line}\n`);
      throw new CrictlError(`${prefix}${bare ? error.message : error.rpc}`);
    }
  }

  /** A call whose failure the client library does not log. Throws CrictlError. */
  quietly<T>(prefix: string, body: () => T): T {
    try {
      return body();
    } catch (error) {
      if (!isCriError(error)) throw error;
      throw new CrictlError(`${prefix}${error.rpc}`);
    }
  }

  /** A call that containerd's CRI plugin does not answer. */
  *unimplemented(method: string, prefix: string, keys: Record<string, unknown> = {}): Gen<never> {
    yield* this.rpc(method, "runtime", keys, prefix, function* (): Gen<never> {
      throw new CriError("Unimplemented", `method ${method} not implemented`);
    });
    throw new CrictlError(prefix);
  }

  // ---- output -------------------------------------------------------------------------------------------------------

  /** A message as `-o json` or `-o yaml` of lists prints it: fields in the order of the message. */
  *message(format: string, message: unknown): Gen {
    const text = format === "json" ? JSON.stringify(message, null, 2) : toYaml(message);
    yield* this.print(`${text}\n`);
  }

  /** `--template`; a key that is not there is a mistake. Throws CrictlError. */
  private template(prefix: string): GoTemplate {
    try {
      return new GoTemplate(this.value("template"), false, "tmplExecuteRawJSON");
    } catch (error) {
      if (!(error instanceof GoTemplateError)) throw error;
      throw new CrictlError(`${prefix}execute template: failed to generate go-template: ${error.message}`);
    }
  }

  /** Statuses as inspect, info and imagefsinfo print them: keys sorted, one alone without a list around it. */
  *statuses(list: readonly unknown[], format: string, prefix = ""): Gen {
    const value = list.length === 1 ? list[0] : list;
    if (format === "json") yield* this.print(`${toJson(value, "  ")}\n`);
    else if (format === "yaml") yield* this.print(`${toYaml(JSON.parse(toJson(value)))}\n`);
    else if (format === "go-template") {
      try {
        yield* this.print(`${this.template(prefix).execute(value)}\n`);
      } catch (error) {
        if (!(error instanceof GoTemplateError)) throw error;
        throw new CrictlError(`${prefix}execute template: failed to template data: ${error.message}`);
      }
    } else throw new CrictlError(`${prefix}unsupported format: "${format}"`);
  }
}

/** A line of logrus: coloured with the seconds since the start on a terminal, `time=… level=… msg=…` elsewhere. */
export function* logrus(p: Process, level: Level, message: string): Gen {
  const { kernel } = p.machine;
  if (p.fds.get(2)?.tty !== undefined) {
    const seconds = Math.floor((kernel.now - p.startedAt) / 1_000_000);
    const head = `\x1b[${COLOURS[level]}m${level.toUpperCase().slice(0, 4)}\x1b[0m`;
    yield* sys.printError(p, `${head}[${String(seconds).padStart(4, "0")}] ${message.padEnd(44)} \n`);
    return;
  }
  const quoted = /^[A-Za-z0-9\-._/@^+]+$/.test(message) ? message : JSON.stringify(message);
  yield* sys.printError(p, `time="${formatTime(kernel.wallMs)}" level=${level} msg=${quoted}\n`);
}

/** An id as the client itself demands it before it asks the server. */
export function requireId(id: string | undefined, prefix = ""): asserts id is string {
  if (!id) throw new CrictlError(`${prefix}ID cannot be empty`);
}

/** A file's text, or undefined when it cannot be read. */
export function readOptional(p: Process, path: string): string | undefined {
  try {
    return sys.readText(p, path);
  } catch (error) {
    if (!isErrno(error)) throw error;
    return undefined;
  }
}
