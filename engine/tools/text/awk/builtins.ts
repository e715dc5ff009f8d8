/** awk's functions. */
import { call } from "../../../kernel/index.ts";
import { exitCode } from "../../../machine/process.ts";
import * as sys from "../../../machine/sys.ts";
import { localZone } from "../../../machine/zone.ts";
import { atan2, cos, exp, log, sin } from "../../../text/math.ts";
import { strftime, toEpoch } from "../../../text/time.ts";
import { type Code, operation, type Scope } from "./code.ts";
import type { Expressions } from "./expressions.ts";
import type { Runtime } from "./runtime.ts";
import { sortInto } from "./sorting.ts";
import type { Expr } from "./syntax.ts";
import { codePoints, gensub, substitute, substring } from "./text-functions.ts";
import { type AwkArray, fromInput, sprintf, toBool, toNumber, toText, UNINIT, type Value } from "./values.ts";

/** The zone that times are told in: a program may change it in ENVIRON for what it starts, not for itself. */
const awkZone = (rt: Runtime) => localZone(rt.t.p);

/** What `length` counts of an element. */
function sizeOf(rt: Runtime, value: Value | AwkArray | undefined): number {
  return value instanceof Map ? value.size : value === undefined ? 0 : codePoints(rt.str(value));
}

/** The parts between blanks; `around` gets what stands before, between and, if anything does, behind them. */
function blankParts(text: string, around: string[]): string[] {
  const parts = text.split(/[ \t\n]+/).filter((part) => part !== "");
  if (parts.length === 0) return [];
  let at = 0;
  for (const part of parts) {
    const start = text.indexOf(part, at);
    around.push(text.slice(at, start));
    at = start + part.length;
  }
  if (at < text.length) around.push(text.slice(at));
  return parts;
}

/** The type of a value in gawk's words. */
function typeOf(x: Expressions, arg: Expr, s: Scope | undefined): Code {
  const word = (v: Value | AwkArray | undefined, missing: string): string => {
    if (v instanceof Map) return "array";
    if (v === undefined) return missing;
    if (v === UNINIT) return "unassigned";
    return typeof v === "number" ? "number" : typeof v === "string" ? "string" : "strnum";
  };
  if (arg.t === "var" && arg.name !== "NF") {
    const cell = x.cellOf(arg.name, s);
    return { f: () => word(cell().v, "untyped") };
  }
  if (arg.t === "field") {
    const { rt } = x;
    return operation([x.expr(arg.index, s), x.expr(arg, s)], (index, value) => {
      const at = Math.trunc(toNumber(index));
      return at > 0 && rt.isAbsent(at) ? "unassigned" : word(value, "untyped");
    });
  }
  const element = arg.t === "index" ? x.elementOf(arg, s) : undefined;
  if (element) return { f: () => word(element(), "untyped") };
  return operation([x.expr(arg, s)], (value) => word(value, "untyped"));
}

/** fflush: of everything, or of what is open under a name. */
function flush(x: Expressions, args: Expr[], s: Scope | undefined): Code {
  const { rt } = x;
  const name = args[0] && x.expr(args[0], s);
  return {
    *g() {
      yield* rt.channels.flushAll();
      if (name === undefined) return 0;
      const text = rt.str(name.f ? name.f() : yield* call(name.g!()));
      if (text === "" || /^\/dev\/std(?:out|err)$/.test(text) || rt.channels.isOpen(text)) return 0;
      rt.warn(`fflush: \`${text}' is not an open file, pipe or co-process`);
      return -1;
    },
  };
}

/** A call of a function that awk has, made ready. */
export function builtin(x: Expressions, name: string, args: Expr[], s: Scope | undefined): Code {
  const { rt } = x;
  const code = (i: number) => x.expr(args[i]!, s);
  const all = () => args.map((arg) => x.expr(arg, s));
  const pattern = (arg: Expr): Code =>
    arg.t === "regex" ? { f: () => arg.source } : operation([x.expr(arg, s)], (value) => rt.str(value));
  switch (name) {
    case "length": {
      if (args.length === 0) return { f: () => codePoints(rt.text0()) };
      const arg = args[0]!;
      if (arg.t === "var") {
        const cell = x.cellOf(arg.name, s);
        const value = x.expr(arg, s);
        return {
          f: () => {
            const { v } = cell();
            return v instanceof Map ? v.size : codePoints(rt.str(value.f!()));
          },
        };
      }
      const inner = arg.t === "index" ? x.elementOf(arg, s) : undefined;
      if (inner) return { f: () => sizeOf(rt, inner()) };
      return operation([code(0)], (value) => codePoints(rt.str(value)));
    }
    case "substr":
      return operation(all(), (text, from, length) =>
        substring(rt.str(text), toNumber(from!), length === undefined ? undefined : toNumber(length)),
      );
    case "index":
      return operation(all(), (text, part) => {
        const ignores = rt.cellIgnoreCase.v !== undefined && toBool(rt.cellIgnoreCase.v as Value);
        const fold = (value: string) => (ignores ? value.toLowerCase() : value);
        const at = fold(rt.str(text)).indexOf(fold(rt.str(part!)));
        return at < 0 ? 0 : codePoints(rt.str(text).slice(0, at)) + 1;
      });
    case "split": {
      const array = x.arrayArgument(args[1]!, s, name);
      const separators = args[3] && x.arrayArgument(args[3]!, s, name);
      const given = args[2];
      return operation([code(0), given ? pattern(given) : { f: () => rt.cellFS.v as Value }], (text, fs) => {
        const found: string[] = [];
        const source = rt.str(text);
        const by = rt.str(fs!);
        let parts: string[];
        if (source === "") parts = [];
        else if (by === "") {
          parts = [...source];
          found.push(...parts.slice(1).fill(""));
        } else if (given?.t === "regex") parts = rt.splitRegex(source, rt.regex(by), found);
        else if (by.length > 1) parts = rt.splitRegex(source, rt.regex(by), found);
        else if (separators && by === " ") parts = blankParts(source, found);
        else {
          parts = rt.splitText(source, by, false);
          found.push(...Array.from({ length: Math.max(0, parts.length - 1) }, () => by));
        }
        const target = array();
        target.clear();
        parts.forEach((part, i) => {
          target.set(String(i + 1), fromInput(part));
        });
        if (separators) {
          const out = separators();
          out.clear();
          // What stands before the first part, between blanks only, is number 0.
          const first = by === " " && given?.t !== "regex" ? 0 : 1;
          found.forEach((part, i) => {
            if (i + first > 0 || part !== "") out.set(String(i + first), part);
          });
        }
        return parts.length;
      });
    }
    case "patsplit": {
      const array = x.arrayArgument(args[1]!, s, name);
      const between = args[3] && x.arrayArgument(args[3]!, s, name);
      const given = args[2] ? pattern(args[2]) : { f: () => (rt.variable("FPAT").v as Value) ?? "[^[:space:]]+" };
      return operation([code(0), given], (text, regex) => {
        const around: string[] = [];
        const parts = rt.matches(rt.str(text), rt.regex(rt.str(regex!)), around);
        const fill = (target: Map<string, Value>, values: readonly string[], first: number) => {
          target.clear();
          values.forEach((value, i) => {
            target.set(String(i + first), fromInput(value));
          });
        };
        fill(array(), parts, 1);
        if (between) fill(between(), around, 0);
        return parts.length;
      });
    }
    case "sub":
    case "gsub": {
      const targetExpr: Expr = args[2] ?? { t: "field", index: { t: "num", value: 0 } };
      const assignable = ["var", "field", "index"].includes(targetExpr.t);
      const target = assignable ? x.target(targetExpr, s) : undefined;
      const plain = assignable ? undefined : x.expr(targetExpr, s);
      const place = assignable ? x.placeOf(targetExpr, s) : plain!;
      return operation([pattern(args[0]!), code(1), place], (regex, replacement, at) => {
        const text = target ? rt.str(target.read(at as string)) : rt.str(at!);
        const result = substitute(text, rt.regex(rt.str(regex)), rt.str(replacement!), name === "gsub");
        if (result.count > 0 && target) target.write(at as string, result.text);
        return result.count;
      });
    }
    case "gensub":
      return operation(
        [pattern(args[0]!), code(1), code(2), args[3] ? code(3) : { f: () => rt.text0() }],
        (regex, to, how, text) => {
          const which = rt.str(how!);
          if (!/^[gG]/.test(which) && !(toNumber(how!) >= 1))
            rt.warn(`gensub: third argument \`${which}' treated as 1`);
          return gensub(rt.str(text!), rt.regex(rt.str(regex)), rt.str(to!), which);
        },
      );
    case "match": {
      const array = args[2] && x.arrayArgument(args[2]!, s, name);
      return operation([code(0), pattern(args[1]!)], (value, regex) => {
        const text = rt.str(value);
        const match = rt.regex(rt.str(regex!)).exec(text);
        if (array) {
          const out = array();
          out.clear();
          match?.groups.forEach((group, i) => {
            if (group === undefined) return;
            out.set(String(i), fromInput(group));
            const subsep = toText(rt.cellSubsep.v as Value);
            out.set(`${i}${subsep}start`, codePoints(text.slice(0, match.spans[2 * i])) + 1);
            out.set(`${i}${subsep}length`, codePoints(group));
          });
        }
        const start = match === null ? 0 : codePoints(text.slice(0, match.index)) + 1;
        rt.variable("RSTART").v = start;
        rt.variable("RLENGTH").v = match === null ? -1 : codePoints(match.groups[0]!);
        return start;
      });
    }
    case "sprintf":
      return operation(all(), (format, ...rest) => sprintf(rt.str(format), rest, rt.convfmt()));
    case "sin":
      return operation(all(), (x) => sin(toNumber(x)));
    case "cos":
      return operation(all(), (x) => cos(toNumber(x)));
    case "atan2":
      return operation(all(), (y, x) => atan2(toNumber(y), toNumber(x!)));
    case "exp":
      return operation(all(), (x) => exp(toNumber(x)));
    case "log":
      return operation(all(), (x) => {
        const value = toNumber(x);
        if (value < 0) rt.warn(`log: received negative argument ${rt.str(value)}`);
        return log(value);
      });
    case "sqrt":
      return operation(all(), (x) => Math.sqrt(toNumber(x)));
    case "int":
      return operation(all(), (x) => Math.trunc(toNumber(x)));
    case "rand":
      return { f: () => rt.random() };
    case "srand":
      return operation(all(), (value) => {
        const old = rt.seed;
        rt.reseed(value === undefined ? Math.floor(rt.t.p.machine.kernel.wallMs / 1000) : toNumber(value));
        return old;
      });
    case "tolower":
      return operation(all(), (text) => rt.str(text).toLowerCase());
    case "toupper":
      return operation(all(), (text) => rt.str(text).toUpperCase());
    case "strtonum":
      return operation(all(), (value) => {
        const text = rt.str(value);
        if (/^\s*0[xX][0-9a-fA-F]+/.test(text)) return Number.parseInt(text, 16);
        if (/^\s*0[0-7]+$/.test(text)) return Number.parseInt(text, 8);
        return toNumber(value);
      });
    case "and":
      return operation(all(), (...v) => Number(v.map((x) => BigInt(Math.trunc(toNumber(x)))).reduce((a, b) => a & b)));
    case "or":
      return operation(all(), (...v) => Number(v.map((x) => BigInt(Math.trunc(toNumber(x)))).reduce((a, b) => a | b)));
    case "xor":
      return operation(all(), (...v) => Number(v.map((x) => BigInt(Math.trunc(toNumber(x)))).reduce((a, b) => a ^ b)));
    case "lshift":
      return operation(all(), (a, b) => Number(BigInt(Math.trunc(toNumber(a))) << BigInt(Math.trunc(toNumber(b!)))));
    case "rshift":
      return operation(all(), (a, b) => Number(BigInt(Math.trunc(toNumber(a))) >> BigInt(Math.trunc(toNumber(b!)))));
    case "compl":
      return operation(all(), (a) => 9007199254740991 - toNumber(a));
    case "systime":
      return { f: () => Math.floor(rt.t.p.machine.kernel.wallMs / 1000) };
    case "mktime":
      return operation(all(), (value) => {
        const parts = rt.str(value).trim().split(/\s+/).map(Number);
        return parts.length < 6 || parts.some(Number.isNaN)
          ? -1
          : awkZone(rt).instant(toEpoch(parts[0]!, parts[1]!, parts[2]!, parts[3], parts[4], parts[5]));
      });
    case "strftime":
      return operation(all(), (format, when) =>
        strftime(
          format === undefined ? "%a %b %e %H:%M:%S %Z %Y" : rt.str(format),
          awkZone(rt).calendar(
            when === undefined ? Math.floor(rt.t.p.machine.kernel.wallMs / 1000) : Math.floor(toNumber(when)),
          ),
          "libc",
        ),
      );
    case "asort":
    case "asorti": {
      const from = x.arrayArgument(args[0]!, s, name);
      const to = args[1] ? x.arrayArgument(args[1], s, name) : from;
      const how = args[2] && x.expr(args[2], s);
      return {
        *g() {
          const order = how === undefined ? "" : rt.str(how.f ? how.f() : yield* call(how.g!()));
          return yield* sortInto(x, name, from(), to(), order);
        },
      };
    }
    case "isarray":
    case "typeof": {
      const type = typeOf(x, args[0]!, s);
      return name === "typeof" ? type : operation([type], (text) => Number(text === "array"));
    }
    case "mkbool":
      return operation(all(), (value) => Number(toBool(value)));
    case "system": {
      const command = code(0);
      return {
        *g() {
          const text = rt.str(command.f ? command.f() : yield* call(command.g!()));
          yield* rt.channels.flushAll();
          const child = yield* rt.channels.shell(text, new Map());
          const waited = yield* sys.waitFor(rt.t.p, child);
          return exitCode(waited!.status);
        },
      };
    }
    case "close": {
      const target = code(0);
      const part = args[1] && x.expr(args[1], s);
      return {
        *g() {
          const text = rt.str(target.f ? target.f() : yield* call(target.g!()));
          const end = part === undefined ? "" : rt.str(part.f ? part.f() : yield* call(part.g!()));
          const status = yield* call(rt.channels.close(text, end));
          if (status === undefined) rt.variable("ERRNO").v = "close of redirection that was never opened";
          return status ?? -1;
        },
      };
    }
    default:
      return flush(x, args, s);
  }
}
