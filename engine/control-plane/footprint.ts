import { fnv1a } from "../kernel/index.ts";
import { millicores } from "../machine/cpu.ts";
import type { Program } from "../machine/process.ts";

interface Footprint {
  /** Resident set in KiB. */
  rss: number;
  /** Millicores of its own timers and watches; what it does for others is charged beside that. */
  milli: number;
}

/** What the cluster's programs take while nobody asks them for anything: a small kubeadm cluster's usual figures. */
const FOOTPRINTS: Readonly<Record<string, Footprint>> = {
  "cilium-agent": { rss: 168_000, milli: 14 },
  "cilium-operator-generic": { rss: 41_000, milli: 2 },
  coredns: { rss: 14_700, milli: 1 },
  etcd: { rss: 52_400, milli: 16 },
  flanneld: { rss: 13_900, milli: 3 },
  haproxy: { rss: 21_500, milli: 1 },
  keepalived: { rss: 6_100, milli: 1 },
  "kube-apiserver": { rss: 236_000, milli: 24 },
  "kube-controller-manager": { rss: 51_200, milli: 8 },
  "kube-proxy": { rss: 17_300, milli: 1 },
  "kube-scheduler": { rss: 24_600, milli: 2 },
  "metrics-server": { rss: 19_800, milli: 2 },
};

/** Programs that take up what their kind takes. */
export function withFootprints(programs: Readonly<Record<string, Program>>): Record<string, Program> {
  const out: Record<string, Program> = {};
  for (const [name, program] of Object.entries(programs)) {
    const footprint = FOOTPRINTS[name];
    out[name] =
      footprint === undefined
        ? program
        : (p) => {
            // No two of a kind take quite the same.
            const own = fnv1a(`${p.machine.hostname} ${name} ${p.pid}`) % 97;
            p.rssKib = footprint.rss + Math.floor((footprint.rss * own) / 970);
            p.idleCpu = millicores(footprint.milli) + own;
            return program(p);
          };
  }
  return out;
}
