import { type Errno, isErrno } from "../errno.ts";
import type { Process } from "../process.ts";
import * as sys from "../sys.ts";

/** What runc would run, or the words with which it refuses (libcontainer's `exec: "foo": …`). */
export function programOf(
  view: Process,
  argv: readonly string[],
  env: ReadonlyMap<string, string>,
): sys.Executable | string {
  const name = argv[0] ?? "";
  if (name.includes("/")) {
    const node = sys.find(view, name);
    if (node === undefined) return `exec: "${name}": stat ${name}: no such file or directory`;
    if (node.kind === "dir") return `exec: "${name}": is a directory`;
    return load(view, name, name, argv);
  }
  let denied = false;
  for (const dir of (env.get("PATH") ?? "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin").split(":")) {
    const path = `${dir}/${name}`;
    const node = sys.find(view, path);
    if (node?.kind !== "file") continue;
    if ((node.mode & 0o111) === 0) denied = true;
    else return load(view, name, path, argv);
  }
  if (denied) return `exec: "${name}": permission denied`;
  return `exec: "${name}": executable file not found in $PATH`;
}

function load(view: Process, name: string, path: string, argv: readonly string[]): sys.Executable | string {
  try {
    return sys.executable(view, path, argv);
  } catch (error) {
    if (!isErrno(error)) throw error;
    return words(name, path, error);
  }
}

function words(name: string, path: string, error: Errno): string {
  if (error.code === "EACCES") return `exec: "${name}": permission denied`;
  // A script whose interpreter is missing: the file is there, execve says it is not.
  return `exec ${path}: ${error.message.toLowerCase()}`;
}
