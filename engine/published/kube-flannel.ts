import { flannel } from "../kubeadm/addons/flannel.ts";
import { writeYaml } from "../machine/kubelet/yaml.ts";

/** The network that the manifest has where nobody edits it. */
const NETWORK = "10.244.0.0/16";

/** Documentation/kube-flannel.yml of a release: without policies, and with the plug-in from an image of its own. */
export function kubeFlannelManifest(version: string): string {
  const image = `ghcr.io/flannel-io/flannel:${version}`;
  const plugin = {
    name: "install-cni-plugin",
    image: "ghcr.io/flannel-io/flannel-cni-plugin:v1.6.2-flannel1",
    command: ["cp"],
    args: ["-f", "/flannel", "/opt/cni/bin/flannel"],
    volumeMounts: [{ name: "cni-plugin", mountPath: "/opt/cni/bin" }],
  };
  const objects = flannel(NETWORK).map((object) => {
    if (object.kind === "ClusterRole") return { ...object, rules: object["rules"].slice(0, 3) };
    if (object.kind !== "DaemonSet") return object;
    const { template, ...spec } = object["spec"];
    const pod = template.spec;
    const named = (containers: object[]) => containers.map((container) => ({ ...container, image }));
    return {
      ...object,
      spec: {
        ...spec,
        template: {
          ...template,
          spec: {
            ...pod,
            containers: named(pod.containers),
            initContainers: [plugin, ...named(pod.initContainers)],
            volumes: [...pod.volumes, { name: "cni-plugin", hostPath: { path: "/opt/cni/bin" } }],
          },
        },
      },
    };
  });
  return objects.map((object) => writeYaml(object)).join("---\n");
}
