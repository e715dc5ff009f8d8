import type { Assignment, Command, PipelineNode } from "unbash";
import type { Gen } from "../kernel/index.ts";
import { COST } from "../machine/costs.ts";
import { arithmeticEnd } from "./command-parts.ts";
import { namedMessage, ShellError } from "./control.ts";
import { arithText, compile, compiledText, Needs, substitutes, warn } from "./expand.ts";
import type { Shell } from "./shell.ts";
import { handleSignals } from "./traps.ts";

/** What a command is when it needs neither waiting nor output. */
type Instant = { status: number; name: string } | { assignments: readonly Assignment[] } | undefined;

const kinds = new WeakMap<Command, { kind: Instant }>();

const BUILTINS: Record<string, number> = { ":": 0, true: 0, false: 1 };

function kindOf(node: Command): Instant {
  const { name, prefix, args, redirects } = node;
  if (redirects.length > 0) return undefined;
  if (name) {
    const status = Object.hasOwn(BUILTINS, name.text) ? BUILTINS[name.text] : undefined;
    return status !== undefined && prefix.length === 0 && args.length === 0 ? { status, name: name.text } : undefined;
  }
  const assignments: Assignment[] = [];
  for (const part of prefix) {
    if (part.type !== "Assignment" || part.index || part.append || part.value.type === "ArrayValue") return undefined;
    if (substitutes(part.text)) return undefined;
    assignments.push(part);
  }
  return assignments.length > 0 ? { assignments } : undefined;
}

/**
 * Runs a command that needs no process, no output and no time to pass: `:`, `x=1`, `((i++))`. False when it is none, or
 * when something watches commands; nothing has happened then. Loops run these without a generator each, and pass on the
 * time that they take by `afterInstants`.
 */
export function runInstantly(sh: Shell, node: PipelineNode): boolean {
  if (node.type !== "Command" && node.type !== "ArithmeticCommand") return false;
  if (sh.traps.size + sh.hiddenTraps > 0 || sh.p.hasSignal || sh.interruptPending || sh.setup.dialect !== "bash")
    return false;
  if (sh.has("xtrace") || (sh.has("errexit") && sh.ignoreErrors === 0)) return false;
  if (node.type === "ArithmeticCommand") {
    if (substitutes(node.body)) return false;
    return arithmetic(sh, node.body, arithmeticEnd(node));
  }
  let known = kinds.get(node);
  if (known === undefined) {
    known = { kind: kindOf(node) };
    kinds.set(node, known);
  }
  const { kind } = known;
  if (kind === undefined) return false;
  if ("status" in kind) {
    const { name } = kind;
    if (sh.functions.has(name) || sh.aliases.has(name) || sh.disabledBuiltins.has(name)) return false;
    sh.lastArgument = name;
    return done(sh, node.pos, kind.status);
  }
  return assign(sh, kind.assignments, node.pos);
}

function done(sh: Shell, position: number, status: number): true {
  sh.position = position;
  sh.charge(COST.shellStep);
  sh.status = status;
  if (sh.pipeStatus.length !== 1 || sh.pipeStatus[0] !== status) sh.pipeStatus = [status];
  return true;
}

function arithmetic(sh: Shell, body: string, position: number): boolean {
  sh.position = position;
  let status = 1;
  try {
    status = arithText(sh, body) ? 0 : 1;
  } catch (error) {
    if (error instanceof Needs) return begunAnew(sh);
    if (!(error instanceof ShellError) || error.how === "exit" || error.expanding || error.cleanup) throw error;
    sh.warnings.push(namedMessage("((: ", error));
  }
  return done(sh, position, status);
}

function assign(sh: Shell, assignments: readonly Assignment[], position: number): boolean {
  if (assignments.length !== 1) return false;
  const [node] = assignments as [Assignment];
  const variable = sh.vars.find(node.name);
  if (variable && (variable.readonly || variable.integer || variable.nameref || variable.isArray || variable.set))
    return false;
  const { value } = node;
  if (value.type === "ArrayValue") return false;
  sh.position = position;
  let status = 0;
  try {
    const text = compiledText(sh, compile(value.text, "word", true));
    sh.assign(node.name, undefined, text);
    sh.lastArgument = "";
  } catch (error) {
    if (error instanceof Needs) return begunAnew(sh);
    if (!(error instanceof ShellError) || error.how !== "fail") throw error;
    sh.warnings.push(error.message);
    status = error.status;
  }
  return done(sh, position, status);
}

/** False: what turned out to take time is done from its beginning, complaints and all. */
function begunAnew(sh: Shell): false {
  sh.warnings.length = 0;
  return false;
}

/** What of `runInstantly` does take time: its complaints, and passing the time on. */
export function* afterInstants(sh: Shell): Gen<void> {
  yield* warn(sh);
  if (!sh.overdue) return;
  yield* sh.settle();
  if (sh.p.hasSignal) yield* handleSignals(sh);
  if (sh.interruptPending) throw new ShellError("", "discard", 130);
}
