/** Home directories: made from /etc/skel, removed with all that is in them. */
import type { Process } from "../../../machine/process.ts";
import * as sys from "../../../machine/sys.ts";

/** Makes a directory with those above it and copies /etc/skel into it, all owned by the user. */
export function makeHome(p: Process, path: string, uid: number, gid: number, skel = "/etc/skel"): void {
  let at = "";
  for (const part of path.split("/").filter(Boolean)) {
    at += `/${part}`;
    if (sys.find(p, at) === undefined) sys.mkdir(p, at, 0o755);
  }
  own(p, path, uid, gid);
  if (sys.find(p, skel)?.kind === "dir") copyTree(p, skel, path, uid, gid);
}

function copyTree(p: Process, from: string, to: string, uid: number, gid: number): void {
  for (const [name, node] of sys.readDir(p, from)) {
    const [source, target] = [`${from}/${name}`, `${to}/${name}`];
    if (node.kind === "dir") {
      sys.mkdir(p, target, node.mode & 0o777);
      copyTree(p, source, target, uid, gid);
    } else if (node.kind === "symlink") sys.symlink(p, node.target, target);
    else sys.writeText(p, target, sys.readBytes(p, source), node.mode & 0o777);
    own(p, target, uid, gid);
  }
}

function own(p: Process, path: string, uid: number, gid: number): void {
  const node = sys.stat(p, path, false);
  node.uid = uid;
  node.gid = gid;
}

/** Removes a tree. */
export function removeTree(p: Process, path: string): void {
  const node = sys.find(p, path, false);
  if (node === undefined) return;
  if (node.kind !== "dir") {
    sys.unlink(p, path);
    return;
  }
  for (const name of [...sys.readDir(p, path).keys()]) removeTree(p, `${path}/${name}`);
  sys.rmdir(p, path);
}
