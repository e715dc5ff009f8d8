/** Where the kubelet keeps what belongs to Pods. */
export const PODS_DIR = "/var/lib/kubelet/pods";
