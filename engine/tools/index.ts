import { controlPlanePrograms } from "../control-plane/index.ts";
import { imagePrograms } from "../images/programs.ts";
import { cniPluginProgram } from "../machine/base/cni-plugins.ts";
import { kubelet } from "../machine/kubelet/index.ts";
import type { Program } from "../machine/process.ts";
import { containerd } from "../machine/runtime/containerd.ts";
import { bash } from "../shell/index.ts";
import { containerdPrograms } from "./containerd/index.ts";
import { etcdPrograms } from "./etcd/etcdctl.ts";
import { helm } from "./helm/index.ts";
import { kubeadm } from "./kubeadm/index.ts";
import { kubectl } from "./kubectl/index.ts";
import { answer } from "./lab/answer.ts";
import { netfilterPrograms } from "./netfilter/index.ts";
import { openssl } from "./openssl/index.ts";
import { packetPrograms } from "./packets/index.ts";
import { python } from "./python/index.ts";
import { systemPrograms } from "./system/index.ts";
import { textPrograms } from "./text/index.ts";
import { tmux } from "./tmux/index.ts";

/**
 * Every program that an executable file of a machine or an image may name, by that name. A new program is a file in a
 * folder here and an entry in that folder's list.
 */
export const programs: ReadonlyMap<string, Program> = new Map<string, Program>(
  Object.entries({
    ...textPrograms,
    ...systemPrograms,
    ...containerdPrograms,
    ...etcdPrograms,
    ...netfilterPrograms,
    ...packetPrograms,
    ...imagePrograms,
    ...controlPlanePrograms,
    "cni-plugin": cniPluginProgram,
    bash,
    sh: bash,
    dash: bash,
    containerd,
    kubelet,
    helm,
    kubeadm,
    kubectl,
    answer,
    openssl,
    python3: python,
    tmux,
  }),
);
