import { describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { resolveImage } from "../images/index.ts";
import { EXAMPLES } from "./examples/index.ts";
import { published } from "./index.ts";

const RAW = "https://raw.githubusercontent.com";
const GITHUB = "https://github.com";

/** Kinds of the objects that an address gives. */
function kinds(url: string): string[] | undefined {
  const text = published(url);
  if (typeof text !== "string") return undefined;
  return parseAllDocuments(text).map((document) => document.toJS().kind as string);
}

describe("what the outside world publishes", () => {
  it.each([
    [`${GITHUB}/kubernetes-sigs/metrics-server/releases/download/v0.6.4/components.yaml`, "APIService"],
    [`${RAW}/kubernetes/ingress-nginx/controller-v1.8.1/deploy/static/provider/cloud/deploy.yaml`, "IngressClass"],
    [`${RAW}/metallb/metallb/v0.13.9/config/manifests/metallb-native.yaml`, "DaemonSet"],
    [
      `${GITHUB}/kubernetes-sigs/gateway-api/releases/download/v1.4.0/standard-install.yaml`,
      "CustomResourceDefinition",
    ],
    [`${RAW}/nginxinc/nginx-gateway-fabric/v1.4.0/deploy/nodeport/deploy.yaml`, "Deployment"],
    [`${RAW}/rancher/local-path-provisioner/v0.0.35/deploy/local-path-storage.yaml`, "StorageClass"],
    [`${RAW}/argoproj/argo-cd/stable/manifests/install.yaml`, "StatefulSet"],
    [`${RAW}/argoproj/argo-cd/v2.13.0/manifests/crds/application-crd.yaml`, "CustomResourceDefinition"],
    [`${RAW}/kubernetes/dashboard/v2.7.0/aio/deploy/recommended.yaml`, "Deployment"],
    ["https://k8s.io/examples/application/deployment.yaml", "Deployment"],
    ["https://kubernetes.io/examples/pods/simple-pod.yaml", "Pod"],
    [`${RAW}/kubernetes/website/main/content/en/examples/controllers/nginx-deployment.yaml`, "Deployment"],
  ])("%s", (url, kind) => {
    expect(kinds(url)).toContain(kind);
  });

  it.each([
    `${GITHUB}/kubernetes-sigs/metrics-server/releases/download/v0.8.0/components.yaml`,
    `${RAW}/kubernetes/ingress-nginx/controller-v1.2.1/deploy/static/provider/baremetal/deploy.yaml`,
    `${RAW}/metallb/metallb/v0.15.3/config/manifests/metallb-native.yaml`,
    `${RAW}/nginx/nginx-gateway-fabric/v1.3.0/deploy/default/deploy.yaml`,
    `${RAW}/rancher/local-path-provisioner/v0.0.19/deploy/local-path-storage.yaml`,
    `${RAW}/argoproj/argo-cd/v2.13.0/manifests/install.yaml`,
    `${RAW}/kubernetes/dashboard/v2.7.0/aio/deploy/recommended.yaml`,
  ])("%s names images that can be pulled", (url) => {
    const images = [...String(published(url)).matchAll(/image: (\S+)/g)].map(([, image]) => image!);
    expect(images.length).toBeGreaterThan(0);
    for (const image of images) expect([image, resolveImage(image).kind]).toEqual([image, "image"]);
  });

  it("names a release's version in its images", () => {
    const text = published(`${RAW}/metallb/metallb/v0.13.9/config/manifests/metallb-native.yaml`);
    expect(text).toContain("quay.io/metallb/controller:v0.13.9");
  });

  it.each([
    `${RAW}/kubernetes/ingress-nginx/controller-v1.8.1/deploy/static/provider/scw/deploy.yaml`,
    `${RAW}/nginx/nginx-gateway-fabric/v2.1.0/deploy/default/deploy.yaml`,
    "https://k8s.io/examples/no/such.yaml",
    "https://k8sXio/examples/application/deployment.yaml",
  ])("does not know %s", (url) => {
    expect(published(url)).toBeUndefined();
  });

  it("examples have a kind and a name", () => {
    for (const [path, found] of Object.entries(EXAMPLES)) {
      // Profiles of seccomp are no objects of the API.
      if (path.includes("/profiles/")) continue;
      for (const one of Array.isArray(found) ? found : [found]) {
        expect([one.kind, one.metadata?.name, path]).toEqual([expect.any(String), expect.any(String), path]);
      }
    }
  });
});
