import { isErrno } from "../../machine/errno.ts";
import type { Process, Program } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { OptionError, type ParsedOptions, parseOptions } from "../options.ts";
import { programNamed } from "./program-path.ts";

const NAMES = { n: "net", m: "mnt", u: "uts", p: "pid", i: "ipc", C: "cgroup", U: "user" } as const;

/** nsenter(1): runs a program in the namespaces of another process. */
export const nsenter: Program = function* (p) {
  let o: ParsedOptions;
  try {
    o = parseOptions(p.argv.slice(1), {
      short: "+at:m::u::i::n::p::C::U::T::S:G:r::w::FhV",
      long: "all=a target:=t mount::=m uts::=u ipc::=i net::=n pid::=p cgroup::=C user::=U root::=r wd::=w no-fork=F",
    });
  } catch (error) {
    if (!(error instanceof OptionError)) throw error;
    yield* sys.printError(p, `nsenter: ${error.message}\nTry 'nsenter --help' for more information.\n`);
    return 1;
  }
  if (o.has("V", "version")) {
    yield* sys.print(p, "nsenter from util-linux 2.38.1\n");
    return 0;
  }
  const wanted = (Object.keys(NAMES) as (keyof typeof NAMES)[]).filter((key) => o.has(key, "a"));
  const target = o.value("t");
  if (target !== undefined && !/^\d+$/.test(target)) return yield* refused(p, `failed to parse pid: '${target}'`);
  if (wanted.length === 0) return yield* refused(p, "no namespace specified");
  const from = wanted.map((key) => o.value(key)).find((value) => value !== undefined);
  const pid = target ?? /^\/proc\/(\d+)\/ns\//.exec(from ?? "")?.[1];
  if (pid === undefined) return yield* refused(p, "no target PID specified");
  const other = [...p.machine.processes.values()].find((one) => p.ns.pid === p.machine.pids && String(one.pid) === pid);
  if (other === undefined) {
    return yield* refused(p, `cannot open /proc/${pid}/ns/${NAMES[wanted[0]!]}: No such file or directory`);
  }
  if (p.cred.uid !== 0) return yield* refused(p, `reassociate to namespaces failed: Operation not permitted`);
  const enters = (key: keyof typeof NAMES) => wanted.includes(key);
  const { ns } = other;
  p.ns = {
    ...p.ns,
    ...(enters("n") ? { net: ns.net } : {}),
    ...(enters("m") ? { mnt: ns.mnt } : {}),
    ...(enters("u") ? { uts: ns.uts } : {}),
  };
  if (enters("m")) p.cwd = "/";
  const [command = p.env.get("SHELL") ?? "/bin/sh", ...args] = o.operands;
  const path = programNamed(p, command);
  if (path === undefined) return yield* refused(p, `failed to execute ${command}: No such file or directory`, 127);
  try {
    return yield* sys.exec(p, path, [command, ...args]);
  } catch (error) {
    if (!isErrno(error)) throw error;
    return yield* refused(p, `failed to execute ${command}: ${error.message}`, 126);
  }
};

function* refused(p: Process, why: string, status = 1) {
  yield* sys.printError(p, `nsenter: ${why}\n`);
  return status;
}
