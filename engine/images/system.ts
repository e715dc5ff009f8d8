import type { ImageDef } from "./image.ts";
import { DEFAULT_PATH, type Entry, rootfs, SKELETON } from "./rootfs.ts";

const PASSWD = "root:x:0:0:root:/root:/sbin/nologin\nnobody:x:65534:65534:nobody:/nonexistent:/sbin/nologin\n";

/** Images of the cluster's own parts: a distroless tree with one program, which engine/tools registers by that name. */
function system(brief: {
  name: string;
  tags: RegExp;
  size: number;
  program: string;
  path: string;
  entrypoint?: string[];
  extra?: Record<string, Entry>;
}): ImageDef {
  return {
    names: [brief.name],
    tags: brief.tags,
    sizeBytes: brief.size,
    sizes: {},
    rootfs: (tag) =>
      rootfs(
        SKELETON,
        {
          "etc/passwd": PASSWD,
          "etc/group": "root:x:0:\nnobody:x:65534:\n",
          "etc/ssl/certs": { dir: 0o755 },
          [brief.path.slice(1)]: { program: brief.program, release: tag.replace(/-\d+$/, "") },
        },
        brief.extra ?? {},
      ),
    entrypoint: brief.entrypoint ?? [],
    cmd: [],
    env: () => ({ PATH: DEFAULT_PATH }),
    workingDir: "/",
  };
}

const KUBERNETES = /^v1\.(1[6-9]|2\d|3[0-4])\.\d{1,2}$/;

const COREDNS = { size: 18_562_039, program: "coredns", path: "/coredns", entrypoint: ["/coredns"] };

export const SYSTEM_IMAGES: readonly ImageDef[] = [
  system({
    name: "registry.k8s.io/kube-apiserver",
    tags: KUBERNETES,
    size: 28_679_230,
    program: "kube-apiserver",
    path: "/usr/local/bin/kube-apiserver",
  }),
  system({
    name: "registry.k8s.io/kube-controller-manager",
    tags: KUBERNETES,
    size: 26_259_392,
    program: "kube-controller-manager",
    path: "/usr/local/bin/kube-controller-manager",
  }),
  system({
    name: "registry.k8s.io/kube-scheduler",
    tags: KUBERNETES,
    size: 20_657_902,
    program: "kube-scheduler",
    path: "/usr/local/bin/kube-scheduler",
  }),
  system({
    name: "registry.k8s.io/kube-proxy",
    tags: KUBERNETES,
    size: 30_909_430,
    program: "kube-proxy",
    path: "/usr/local/bin/kube-proxy",
    extra: { "lib/modules": { dir: 0o755 } },
  }),
  system({
    name: "registry.k8s.io/etcd",
    tags: /^3\.(5\.\d{1,2}|6\.\d)-0$/,
    size: 57_680_541,
    program: "etcd",
    path: "/usr/local/bin/etcd",
    extra: {
      "usr/local/bin/etcdctl": { program: "etcdctl" },
      "usr/local/bin/etcdutl": { program: "etcdutl" },
      "bin/sh": { program: "sh" },
    },
  }),
  system({
    name: "registry.k8s.io/metrics-server/metrics-server",
    tags: /^v0\.(6\.\d|7\.[0-2]|8\.[01])$/,
    size: 19_494_617,
    program: "metrics-server",
    path: "/metrics-server",
    entrypoint: ["/metrics-server"],
  }),
  system({
    name: "registry.k8s.io/coredns/coredns",
    tags: /^v1\.(8|9|10|11|12)\.\d$/,
    ...COREDNS,
  }),
  // The project's own repository leaves the v out.
  system({ name: "docker.io/coredns/coredns", tags: /^(latest|1\.(8|9|10|11|12)\.\d)$/, ...COREDNS }),
];
