import { writeYaml } from "../machine/kubelet/yaml.ts";

/** The Deployment and Service that the walkthrough of horizontal autoscaling puts under load. */
export function phpApacheManifest(): string {
  const labels = { run: "php-apache" };
  const deployment = {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "php-apache" },
    spec: {
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          containers: [
            {
              name: "php-apache",
              image: "registry.k8s.io/hpa-example",
              ports: [{ containerPort: 80 }],
              resources: { limits: { cpu: "500m" }, requests: { cpu: "200m" } },
            },
          ],
        },
      },
    },
  };
  const service = {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "php-apache", labels },
    spec: { ports: [{ port: 80 }], selector: labels },
  };
  return `${writeYaml(deployment)}---\n${writeYaml(service)}`;
}
