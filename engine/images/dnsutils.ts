import { alpineTree } from "./alpine.ts";
import { debianTools, debianTree } from "./debian.ts";
import type { ImageDef } from "./image.ts";
import { DEFAULT_PATH, type Entry, rootfs, SKELETON } from "./rootfs.ts";

const programs = (...names: readonly string[]): Record<string, Entry> =>
  Object.fromEntries(names.map((name) => [`usr/bin/${name}`, { program: name }]));

/** Images for looking at the network: BIND's tools, and what else is there to ask with. */
export const NETWORK_TOOL_IMAGES: readonly ImageDef[] = [
  {
    names: [
      "registry.k8s.io/e2e-test-images/jessie-dnsutils",
      "docker.io/tutum/dnsutils",
      "gcr.io/kubernetes-e2e-test-images/dnsutils",
    ],
    tags: /^(latest|1\.\d)$/,
    sizeBytes: 84_500_000,
    rootfs: () =>
      rootfs(SKELETON, debianTree(), debianTools("dig", "host", "curl", "ping", "ps"), {
        "usr/bin/nslookup": { program: "nslookup-9.9" },
      }),
    entrypoint: [],
    cmd: ["/bin/bash"],
    env: () => ({ PATH: DEFAULT_PATH }),
  },
  {
    names: ["docker.io/nicolaka/netshoot"],
    tags: /^(latest|v0\.\d{1,2})$/,
    sizeBytes: 205_000_000,
    rootfs: () =>
      rootfs(SKELETON, alpineTree("3.21.3"), {
        ...programs(
          ...["arping", "bridge", "conntrack", "curl", "dig", "host", "ip", "ipset", "iptables", "iptables-save", "jq"],
          ...["mtr", "nc", "nft", "nslookup", "openssl", "ping", "python3", "ss", "ssh", "tcpdump", "tracepath"],
          ...["traceroute", "vim"],
        ),
        "bin/bash": { program: "bash" },
        // Its login shell, which walk-throughs call by name; here it is bash, whatever the name says.
        "bin/zsh": { program: "bash" },
        "bin/ping": { program: "ping" },
        "sbin/ip": { program: "ip" },
      }),
    entrypoint: [],
    cmd: ["zsh"],
    env: () => ({ PATH: DEFAULT_PATH }),
    workingDir: "/root",
  },
];
