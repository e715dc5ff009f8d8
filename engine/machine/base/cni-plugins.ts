/** /opt/cni/bin: the plug-ins that the package kubernetes-cni brings (containernetworking/plugins 1.6). */

import { fileNode, type Inode } from "../inode.ts";
import type { Program } from "../process.ts";
import { printError } from "../sys.ts";

const NAMES =
  "bandwidth bridge dhcp dummy firewall host-device host-local ipvlan loopback macvlan portmap ptp sbr static tap tuning vlan vrf".split(
    " ",
  );

const ELF = "\x7fELF";
const AT = { mode: 0o755 };

export function cniPlugins(): Map<string, Inode> {
  const docs = ["LICENSE", "README.md"].map((name): [string, Inode] => [name, fileNode("", { mode: 0o644 })]);
  return new Map([...docs, ...NAMES.map((name): [string, Inode] => [name, cniPlugin()])]);
}

/** The executable of one plug-in. */
export const cniPlugin = (): Inode => fileNode(ELF, AT, "cni-plugin");

/** What a plug-in says when it is run by hand, without the variables by which runtimes call it (pkg/skel). */
export const cniPluginProgram: Program = function* (p) {
  const name = p.argv[0]!.slice(p.argv[0]!.lastIndexOf("/") + 1);
  const about = name === "flannel" ? "CNI Plugin flannel version v1.6.0-flannel1" : `CNI ${name} plugin v1.6.0`;
  yield* printError(p, `${about}\nCNI protocol versions supported: 0.1.0, 0.2.0, 0.3.0, 0.3.1, 0.4.0, 1.0.0, 1.1.0\n`);
  return 0;
};
