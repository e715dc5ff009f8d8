/** A change of the tree, as the leader numbers it. Paths are absolute; times in ms since 1970. */
export interface Change {
  zxid: number;
  kind: "create" | "set" | "delete";
  path: string;
  data: string;
  at: number;
}

export interface Node {
  data: string;
  czxid: number;
  mzxid: number;
  pzxid: number;
  ctime: number;
  mtime: number;
  cversion: number;
  version: number;
}

const ROOT: Node = { data: "", czxid: 0, mzxid: 0, pzxid: 0, ctime: 0, mtime: 0, cversion: -1, version: 0 };

/** What an ensemble of ZooKeeper keeps: nodes by their paths. */
export class ZooTree {
  zxid = 0;
  private nodes = new Map<string, Node>([
    ["/", ROOT],
    ["/zookeeper", ROOT],
    ["/zookeeper/quota", ROOT],
  ]);

  get(path: string): Node | undefined {
    return this.nodes.get(path);
  }

  children(path: string): string[] {
    const prefix = path === "/" ? "/" : `${path}/`;
    return [...this.nodes.keys()]
      .filter((one) => one !== "/" && one.startsWith(prefix) && !one.slice(prefix.length).includes("/"))
      .map((one) => one.slice(prefix.length));
  }

  get size(): number {
    return this.nodes.size;
  }

  /** Why a change may not be made: a code of KeeperException. */
  refusal({ kind, path }: Pick<Change, "kind" | "path">): string | undefined {
    if (kind === "create") {
      if (this.nodes.has(path)) return "NodeExists";
      return this.nodes.has(parentOf(path)) ? undefined : "NoNode";
    }
    if (!this.nodes.has(path)) return "NoNode";
    return kind === "delete" && this.children(path).length > 0 ? "NotEmpty" : undefined;
  }

  apply({ zxid, kind, path, data, at }: Change): void {
    this.zxid = zxid;
    const old = this.nodes.get(path);
    if (kind === "set") {
      if (old) this.nodes.set(path, { ...old, data, mzxid: zxid, mtime: at, version: old.version + 1 });
      return;
    }
    const parent = this.nodes.get(parentOf(path));
    if (parent) this.nodes.set(parentOf(path), { ...parent, cversion: parent.cversion + 1, pzxid: zxid });
    if (kind === "delete") this.nodes.delete(path);
    else
      this.nodes.set(path, {
        ...{ data, czxid: zxid, mzxid: zxid, pzxid: zxid, ctime: at, mtime: at, cversion: 0, version: 0 },
      });
  }

  dump(): string {
    return JSON.stringify({ zxid: this.zxid, nodes: [...this.nodes] });
  }

  load(dump: string): void {
    const { zxid, nodes } = JSON.parse(dump) as { zxid: number; nodes: [string, Node][] };
    this.zxid = zxid;
    this.nodes = new Map(nodes);
  }
}

const parentOf = (path: string): string => path.slice(0, path.lastIndexOf("/")) || "/";
