import type { AuditEntry, Change, Cluster, KubeObject, Session } from "../engine/index.ts";

/** Whom a lab is about: the object that its checks and questions call `subject`. */
export interface Subject {
  /** Plural with group: `pods`, `deployments.apps`. */
  resource: string;
  namespace?: string;
  name: string;
}

/** One life of a named object: from its creation to its deletion. */
export interface Life {
  uid: string;
  name: string;
  namespace: string;
  /** Versions in order; the last may be followed by deletion. */
  versions: Version[];
  deletedAt: number | undefined;
}

export interface Version {
  object: KubeObject;
  revision: number;
  at: number;
  /** Somebody other than the cluster's components wrote its status or addresses, and none of them has written it since. */
  forged: boolean;
}

export interface ObservedEvent {
  reason: string;
  message: string;
  type: string;
  count: number;
  uid: string;
  component: string;
  /** Revision at which it was first written: the order that counts. */
  revision: number;
  at: number;
}

/** etcd's folder of a resource: most are called as the resource is. */
const FOLDERS: Record<string, string> = {
  nodes: "minions",
  services: "services/specs",
  endpoints: "services/endpoints",
  replicationcontrollers: "controllers",
  ingresses: "ingress",
};

/** `/registry/…` folder of `pods` or `deployments.apps`. */
export function folderOf(resource: string): string {
  const plural = resource.split(".")[0]!;
  return `/registry/${FOLDERS[plural] ?? plural}/`;
}

/** Users as which the cluster's own components write events: anybody else's are no evidence. */
const SYSTEM = /^system:(node:|kube-|apiserver$|serviceaccount:kube-system:)/;

/** What happened in one cluster of a session, indexed as checks ask for it. Reads each change and audit entry once. */
export class Facts {
  readonly session: Session;
  readonly cluster: Cluster;
  private readonly lives = new Map<string, Life[]>();
  private readonly events = new Map<string, ObservedEvent[]>();
  private readonly eventsByUid = new Map<string, ObservedEvent>();
  private changesRead = 0;
  private auditRead = 0;
  private readonly byName = new Map<string, AuditEntry[]>();

  constructor(session: Session, cluster: Cluster) {
    this.session = session;
    this.cluster = cluster;
  }

  /** Reads what is new. Cheap when nothing is. */
  refresh(): void {
    const { changes, audit } = this.cluster.chronicle;
    for (; this.changesRead < changes.length; this.changesRead++) this.note(changes[this.changesRead]!);
    for (; this.auditRead < audit.length; this.auditRead++) {
      const entry = audit[this.auditRead]!;
      push(this.byName, `${entry.resource}/${entry.namespace}/${entry.name}`, entry);
    }
  }

  /** Something that changes whenever `refresh` found something. */
  get version(): number {
    return this.changesRead + this.auditRead;
  }

  private note(change: Change): void {
    const { key, object, old, revision, at, writer } = change;
    if (key.startsWith("/registry/events/")) {
      if (object && SYSTEM.test(writer)) this.noteEvent(object, revision, at);
      return;
    }
    const lives = this.lives.get(key) ?? [];
    const last = lives.at(-1);
    if (object === undefined) {
      if (last) last.deletedAt = at;
      void old;
      return;
    }
    const before = last?.uid === object.metadata.uid ? last.versions.at(-1) : undefined;
    const forged = !SYSTEM.test(writer) && (before?.forged || !sameStatus(before?.object, object));
    if (before) last!.versions.push({ object, revision, at, forged });
    else {
      const { uid, name, namespace = "" } = object.metadata;
      // What a status is when an object is made, the API server decides; addresses are the maker's own. Past it, nobody does.
      const made = forged && (writer === "" || addressesOf(object) !== undefined);
      lives.push({ uid, name, namespace, versions: [{ object, revision, at, forged: made }], deletedAt: undefined });
      this.lives.set(key, lives);
    }
  }

  private noteEvent(object: KubeObject, revision: number, at: number): void {
    const known = this.eventsByUid.get(object.metadata.uid);
    const count = object["count"] ?? object["series"]?.count ?? 1;
    if (known) {
      known.count = count;
      return;
    }
    const about = object["involvedObject"] ?? object["regarding"] ?? {};
    const event: ObservedEvent = {
      reason: object["reason"] ?? "",
      message: object["message"] ?? object["note"] ?? "",
      type: object["type"] ?? "",
      count,
      uid: about.uid ?? "",
      component: object["source"]?.component || object["reportingComponent"] || object["reportingController"] || "",
      revision,
      at,
    };
    this.eventsByUid.set(object.metadata.uid, event);
    push(this.events, event.uid, event);
  }

  /**
   * Every life of objects in a folder, e.g. all Pods of a namespace; of one name when given: in the namespace `default`
   * when none is, as kubectl takes it, unless the resource has no namespaces.
   */
  livesOf(resource: string, namespace = "", name?: string): Life[] {
    const prefix = folderOf(resource) + (namespace ? `${namespace}/` : "");
    if (name !== undefined) {
      const lives =
        this.lives.get(prefix + name) ?? (namespace ? undefined : this.lives.get(`${prefix}default/${name}`));
      return lives ?? [];
    }
    const out: Life[] = [];
    for (const [key, lives] of this.lives) if (key.startsWith(prefix)) out.push(...lives);
    return out;
  }

  /**
   * The life of a subject that counts: the last that got to run (for Pods), else the last; of those that had begun at a
   * time when one is given and any had.
   */
  life(subject: Subject, until = Number.MAX_SAFE_INTEGER): Life | undefined {
    const all = this.livesOf(subject.resource, subject.namespace, subject.name);
    const begun = all.filter(({ versions }) => versions[0]!.at <= until);
    const lives = begun.length > 0 ? begun : all;
    const ran = lives.filter(({ versions }) => versions.some(({ object }) => object["status"]?.phase === "Running"));
    return ran.at(-1) ?? lives.at(-1);
  }

  /** Events about one object, in the order in which they were written. */
  eventsAbout(uid: string): readonly ObservedEvent[] {
    return this.events.get(uid) ?? [];
  }

  /** Audited requests about an object; its namespace does not matter where the resource has none. */
  auditOf(resource: string, namespace: string, name: string): readonly AuditEntry[] {
    const [plural, ...group] = resource.split(".");
    const found = this.byName.get(`${plural}/${namespace}/${name}`) ?? this.byName.get(`${plural}//${name}`) ?? [];
    return group.length === 0 ? found : found.filter((entry) => entry.group === group.join("."));
  }

  /** Lines of a unit's journal on a machine that contain a text. */
  journal(machine: string, unit: string, text: string): { message: string; pid: number; at: number }[] {
    const found = this.session.findMachine(machine);
    if (found === undefined) return [];
    return found.journal
      .entries()
      .filter((entry) => entry.unit === unit && entry.message.includes(text))
      .map(({ message, pid = 0, at }) => ({ message, pid, at }));
  }
}

/** What Endpoints and EndpointSlices say is found out by a controller, as a status is. */
const addressesOf = (object: KubeObject | undefined): unknown => object?.["subsets"] ?? object?.["endpoints"];

function sameStatus(a: KubeObject | undefined, b: KubeObject): boolean {
  return same(a?.["status"], b["status"]) && same(addressesOf(a), addressesOf(b));
}

const same = (a: unknown, b: unknown): boolean => a === b || JSON.stringify(a) === JSON.stringify(b);

function push<T>(map: Map<string, T[]>, key: string, value: T): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}
