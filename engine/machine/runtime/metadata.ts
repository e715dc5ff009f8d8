import type { Image } from "../../images/image.ts";
import type { Bare } from "./bare.ts";
import type { Bundled } from "./bundle.ts";

/** An image's name in one of containerd's namespaces. */
export interface NamedImage {
  readonly name: string;
  readonly image: Image;
  labels: Map<string, string>;
  /** Virtual time in µs at which the name was made. */
  createdAt: number;
  /** What a container's changes were put into: its own layer over those of another. */
  commit?: Commit;
}

export interface Commit {
  readonly layer: string;
  readonly below: NamedImage;
  readonly command: string;
  readonly sizeBytes: number;
  readonly author: string;
  readonly comment: string;
}

/** One of containerd's namespaces, as far as it holds what CRI did not make. */
export interface Tenant {
  readonly labels: Map<string, string>;
  readonly images: Map<string, NamedImage>;
  readonly containers: Map<string, Bare>;
}

/** What clients other than the kubelet and crictl keep in containerd (metadata plugin): by namespace. */
export class Metadata {
  readonly tenants = new Map<string, Tenant>();
  /** Containers whose processes are stopped, by id. */
  readonly paused = new Set<string>();

  /** What runc made without containerd: by state directory and id. */
  readonly runc = new Map<string, Map<string, Bundled>>();

  constructor() {
    this.make("k8s.io");
  }

  /** The namespace of that name; what is put into a new one makes it. */
  make(name: string): Tenant {
    let found = this.tenants.get(name);
    if (found === undefined) {
      found = { labels: new Map(), images: new Map(), containers: new Map() };
      this.tenants.set(name, found);
    }
    return found;
  }
}
