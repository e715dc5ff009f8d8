/** Reading the files a kustomization speaks of (api/internal/loader). */
import { decode } from "../../../kernel/index.ts";
import * as sys from "../../../machine/sys.ts";
import { KubectlError } from "../errors.ts";
import type { Invocation } from "../invocation.ts";

const NAMES = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

function normalize(path: string): string {
  const out: string[] = [];
  for (const part of path.split("/")) {
    if (part === "..") out.pop();
    else if (part !== "" && part !== ".") out.push(part);
  }
  return `/${out.join("/")}`;
}

const inside = (path: string, root: string) => path === root || path.startsWith(root === "/" ? "/" : `${root}/`);

/** A directory whose files may be read. */
export class Loader {
  private constructor(
    private readonly k: Invocation,
    readonly root: string,
    private readonly above: Loader | undefined,
    private readonly restricted: boolean,
  ) {}

  /** The loader of the directory that the command names. */
  static open(k: Invocation, path: string, restricted: boolean): Loader {
    if (path === "") throw new KubectlError("unable to find one of 'kustomization.yaml'");
    const root = normalize(path.startsWith("/") ? path : `${k.p.cwd}/${path}`);
    const node = sys.find(k.p, root);
    if (node === undefined) {
      throw new KubectlError(
        `must build at directory: not a valid directory: evalsymlink failure on '${path}' : lstat ${firstMissing(k, root)}: no such file or directory`,
      );
    }
    if (node.kind !== "dir") throw new KubectlError(`must build at directory: '${path}': file is not directory`);
    return new Loader(k, root, undefined, restricted);
  }

  /** The loader of a base or component. */
  enter(path: string): Loader {
    if (path === "") throw new KubectlError("new root cannot be empty");
    if (path.startsWith("/")) throw new KubectlError(`new root '${path}' cannot be absolute`);
    const root = normalize(`${this.root}/${path}`);
    const node = sys.find(this.k.p, root);
    if (node === undefined) {
      throw new KubectlError(
        `must build at directory: not a valid directory: evalsymlink failure on '${root}' : lstat ${firstMissing(this.k, root)}: no such file or directory`,
      );
    }
    if (node.kind !== "dir") throw new KubectlError(`must build at directory: '${root}': file is not directory`);
    for (let one: Loader | undefined = this; one; one = one.above) {
      if (inside(one.root, root)) {
        throw new KubectlError(`cycle detected: candidate root '${root}' contains visited root '${one.root}'`);
      }
    }
    return new Loader(this.k, root, this, this.restricted);
  }

  /** The name of the directory's kustomization file, once it was read. */
  fileName = NAMES[0]!;

  /** The text of the directory's kustomization file. */
  kustomization(): string {
    const found = NAMES.filter((name) => sys.find(this.k.p, `${this.root}/${name}`)?.kind === "file");
    if (found.length === 0) {
      throw new KubectlError(
        `unable to find one of 'kustomization.yaml', 'kustomization.yml' or 'Kustomization' in directory '${this.root}'`,
      );
    }
    if (found.length > 1) throw new KubectlError(`Found multiple kustomization files under: ${this.root}\n`);
    this.fileName = found[0]!;
    return this.text(found[0]!);
  }

  bytes(path: string): Uint8Array {
    if (/^https?:\/\//.test(path)) {
      const host = /^https?:\/\/([^/:]+)/.exec(path)?.[1] ?? "";
      throw new KubectlError(`Get "${path}": dial tcp: lookup ${host}: no such host`);
    }
    const full = normalize(path.startsWith("/") ? path : `${this.root}/${path}`);
    const node = sys.find(this.k.p, full);
    if (node === undefined) {
      throw new KubectlError(
        `evalsymlink failure on '${full}' : lstat ${firstMissing(this.k, full)}: no such file or directory`,
      );
    }
    if (node.kind === "dir") throw new KubectlError(`'${full}' must resolve to a file`);
    if (this.restricted && !inside(full, this.root)) {
      throw new KubectlError(`security; file '${full}' is not in or below '${this.root}'`);
    }
    return this.k.readFile(full);
  }

  text(path: string): string {
    return decode(this.bytes(path));
  }
}

/** The first part of a path that is not there. */
function firstMissing(k: Invocation, path: string): string {
  const parts = path.split("/");
  for (let i = 2; i <= parts.length; i++) {
    const part = parts.slice(0, i).join("/");
    if (sys.find(k.p, part) === undefined) return part;
  }
  return path;
}
