import type { Assignment } from "unbash";
import type { Gen } from "../kernel/index.ts";
import { assigning, type Prepared, prepareAssignment } from "./assignment.ts";
import { invalidName, readonlyVariable } from "./control.ts";
import type { Shell } from "./shell.ts";
import type { Variable } from "./variables.ts";

/**
 * Expands the assignments before a command, each of which sees those before it: `a=1 b=$a cmd`. Those that will not do are
 * told of and left out; `show` is given the others, as they come. `special`: they are for the shell itself.
 */
export function* prepareInTurn(
  sh: Shell,
  nodes: readonly Assignment[],
  special: boolean,
  show: (ready: Prepared) => Gen<void>,
): Gen<Prepared[]> {
  const out: Prepared[] = [];
  const framed = nodes.length > 1 || nodes[0]!.append === true;
  if (framed) sh.vars.pushFrame(true);
  try {
    for (const node of nodes) {
      let ready = yield* prepareAssignment(sh, node);
      const name = temporaryName(sh, ready.name);
      const old = sh.vars.find(name);
      if (special && old?.readonly) throw readonlyVariable(name);
      if (
        sh.setup.dialect === "bash" &&
        (!special || ready.index !== undefined) &&
        !(yield* mayAssign(sh, ready, name, old))
      )
        continue;
      if (framed && !ready.elements && ready.index === undefined && !old?.readonly) {
        const variable = yield* assignIn(sh, ready, name, old);
        ready = { ...ready, append: false, value: variable.scalar() ?? "" };
      }
      yield* show(ready);
      out.push(ready);
    }
  } finally {
    if (framed) sh.vars.popFrame();
  }
  return out;
}

/** False when an assignment before a command will not do, which is told. */
function* mayAssign(sh: Shell, ready: Prepared, name: string, old: Variable | undefined): Gen<boolean> {
  const error =
    ready.index !== undefined
      ? invalidName(`${ready.name}[${ready.written ?? ready.index}]`)
      : old?.readonly
        ? readonlyVariable(name)
        : undefined;
  if (error === undefined) return true;
  // In POSIX mode the whole line is given up.
  if (sh.strict) throw error;
  yield* sh.complain(error.message);
  return false;
}

/** Carries out an assignment before a command in the innermost frame. Undefined when it will not do, which is told. */
export function* assignTemporarily(sh: Shell, ready: Prepared): Gen<Variable | undefined> {
  const name = temporaryName(sh, ready.name);
  const old = sh.vars.find(name);
  if (old?.readonly) {
    yield* sh.complain(`${name}: readonly variable`);
    return undefined;
  }
  return yield* assignIn(sh, ready, name, old);
}

function* assignIn(sh: Shell, ready: Prepared, name: string, old: Variable | undefined): Gen<Variable> {
  const variable = sh.vars.local(name);
  variable.exported = true;
  if (ready.append) {
    // What `name+=value` adds to.
    variable.value = old?.scalar();
    variable.integer = old?.integer === true;
  }
  yield* assigning(sh, ready);
  return variable;
}

/** The variable that an assignment before a command sets for it: the one that a reference means. */
function temporaryName(sh: Shell, name: string): string {
  if (!sh.vars.find(name)?.nameref) return name;
  const target = sh.vars.target(name);
  return /[[\0]/.test(target) ? name : target;
}
