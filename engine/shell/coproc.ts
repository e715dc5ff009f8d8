import type { Coproc } from "unbash";
import type { Gen } from "../kernel/index.ts";
import type { Process } from "../machine/process.ts";
import { pipe } from "../machine/sys.ts";
import { assignArray } from "./assignment.ts";
import { invalidName, ShellError } from "./control.ts";
import { runNode } from "./execute.ts";
import { expandingAtOnce } from "./expand.ts";
import { forkShell } from "./fork.ts";
import { commandText } from "./print-command.ts";
import type { Shell } from "./shell.ts";

/** The coprocess that a shell knows of: bash has one at a time. */
export interface CoprocState {
  name: string;
  child: Process;
  /** The shell's ends of its pipes; -1 when they were closed or moved. */
  readFd: number;
  writeFd: number;
}

function setDescriptors(sh: Shell, { name, readFd, writeFd }: CoprocState): void {
  const elements = [readFd, writeFd].map((fd) => ({ index: undefined, value: String(fd), append: false }));
  assignArray(sh, name, elements, false);
}

/** A coprocess was waited for: its descriptors are closed, its variables unset. */
function end(sh: Shell, coproc: CoprocState): void {
  if (sh.coproc !== coproc) return;
  sh.coproc = undefined;
  sh.vars.remove(`${coproc.name}_PID`);
  const name = sh.vars.target(coproc.name);
  if (sh.vars.find(name)?.readonly) sh.warnings.push(`${coproc.name}: cannot unset: readonly variable`);
  else sh.vars.remove(name);
  closeCoproc(sh, coproc);
}

/** Closes the ends of a coprocess, which subshells do not have. */
export function closeCoproc(sh: Shell, { readFd, writeFd }: CoprocState): void {
  for (const fd of [readFd, writeFd]) if (fd >= 0) sh.p.closeFd(fd);
}

/** A descriptor is closed or moved: the variable of the coprocess that it led to tells so. */
export function coprocCloses(sh: Shell, fd: number): void {
  const { coproc } = sh;
  if (coproc === undefined || (coproc.readFd !== fd && coproc.writeFd !== fd)) return;
  if (coproc.readFd === fd) coproc.readFd = -1;
  if (coproc.writeFd === fd) coproc.writeFd = -1;
  setDescriptors(sh, coproc);
}

/** `coproc NAME command`: a background command whose input and output are pipes of the shell. */
export function* startCoproc(sh: Shell, node: Coproc): Gen<void> {
  const name = node.name?.text ?? "COPROC";
  // Lines are counted from where it ends: it was read by then.
  sh.position = Math.max(node.pos, node.end - 1);
  const [input, toChild] = pipe();
  const [fromChild, output] = pipe();
  const fds = sh.fds();
  fds.set(0, input);
  fds.set(1, output);
  const child = yield* forkShell(
    sh,
    function* (sub) {
      yield* runNode(sub, node.body as Parameters<typeof runNode>[1], true);
      return sub.status;
    },
    { fds, background: true, ...(sh.has("monitor") ? { group: "new" as const } : {}) },
  );
  // Bash moves the four ends of its two pipes up, from 63 down, and closes the child's two.
  const free: number[] = [];
  for (let fd = 63; free.length < 4 && fd > 2; fd--) if (!sh.p.fds.has(fd)) free.push(fd);
  const [readFd, , , writeFd] = free as [number, number, number, number];
  sh.p.setFd(readFd, fromChild);
  sh.p.setFd(writeFd, toChild);
  sh.p.closeOnExec.add(readFd).add(writeFd);
  const coproc: CoprocState = { name, child, readFd, writeFd };
  const former = sh.coproc;
  if (former && former.child.status === undefined)
    yield* sh.complain(`warning: execute_coproc: coproc [${former.child.nsPid}:${former.name}] still exists`);
  sh.coproc = coproc;
  sh.jobs.onEnd.set(child, () => end(sh, coproc));
  try {
    if (!/^[A-Za-z_]\w*$/.test(name)) throw invalidName(name);
    yield* expandingAtOnce(sh, () => setDescriptors(sh, coproc));
    yield* expandingAtOnce(sh, () => sh.assign(`${name}_PID`, undefined, String(child.nsPid)));
  } catch (error) {
    if (!(error instanceof ShellError)) throw error;
    yield* sh.complain(error.message);
  }
  sh.lastBackground = child.nsPid;
  sh.jobs.add([child], child.group, commandText(node, sh.source.text), true, sh.p.cwd);
  sh.status = 0;
}
