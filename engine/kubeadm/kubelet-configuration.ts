import { writeYaml } from "../machine/kubelet/yaml.ts";
import { type ClusterSettings, dnsAddress, OWN } from "./settings.ts";

/** /var/lib/kubelet/config.yaml as kubeadm fills it in. */
export function kubeletConfiguration(settings: ClusterSettings = OWN): string {
  if (settings !== OWN) return writeConfiguration(settings);
  configuration ??= writeConfiguration(OWN);
  return configuration;
}

let configuration: string | undefined;

function writeConfiguration(settings: ClusterSettings): string {
  return writeYaml(
    {
      apiVersion: "kubelet.config.k8s.io/v1beta1",
      authentication: {
        anonymous: { enabled: false },
        webhook: { cacheTTL: "0s", enabled: true },
        x509: { clientCAFile: "/etc/kubernetes/pki/ca.crt" },
      },
      authorization: { mode: "Webhook", webhook: { cacheAuthorizedTTL: "0s", cacheUnauthorizedTTL: "0s" } },
      cgroupDriver: "systemd",
      clusterDNS: [dnsAddress(settings)],
      clusterDomain: settings.domain,
      containerRuntimeEndpoint: "unix:///run/containerd/containerd.sock",
      cpuManagerReconcilePeriod: "0s",
      evictionPressureTransitionPeriod: "0s",
      fileCheckFrequency: "0s",
      healthzBindAddress: "127.0.0.1",
      healthzPort: 10248,
      httpCheckFrequency: "0s",
      imageMaximumGCAge: "0s",
      imageMinimumGCAge: "0s",
      kind: "KubeletConfiguration",
      logging: {
        flushFrequency: 0,
        options: { json: { infoBufferSize: "0" }, text: { infoBufferSize: "0" } },
        verbosity: 0,
      },
      memorySwap: {},
      nodeStatusReportFrequency: "0s",
      nodeStatusUpdateFrequency: "0s",
      rotateCertificates: true,
      runtimeRequestTimeout: "0s",
      shutdownGracePeriod: "0s",
      shutdownGracePeriodCriticalPods: "0s",
      staticPodPath: "/etc/kubernetes/manifests",
      streamingConnectionIdleTimeout: "0s",
      syncFrequency: "0s",
      volumeStatsAggPeriod: "0s",
      ...settings.kubelet,
    },
    { indentSeq: false, lineWidth: 0 },
  );
}
