/** Registries that serve the same images under names of their own: their paths stand for the repositories of images/. */
const MIRRORS: readonly (readonly [prefix: string, of: string])[] = [
  // Frozen in 2023, and since then sent on to registry.k8s.io by the registry itself.
  ["k8s.gcr.io/", "registry.k8s.io/"],
  ["gcr.io/google-containers/", "registry.k8s.io/"],
  ["gcr.io/google_containers/", "registry.k8s.io/"],
  ["us.gcr.io/k8s-artifacts-prod/", "registry.k8s.io/"],
  ["gcr.io/google_samples/", "gcr.io/google-samples/"],
  ["us-docker.pkg.dev/google-samples/containers/gke/", "gcr.io/google-samples/"],
  ["public.ecr.aws/docker/library/", "docker.io/library/"],
  ["public.ecr.aws/nginx/nginx", "docker.io/library/nginx"],
  ["public.ecr.aws/bitnami/", "docker.io/bitnami/"],
  ["docker.io/bitnamilegacy/", "docker.io/bitnami/"],
  ["mirror.gcr.io/", "docker.io/"],
  ["public.ecr.aws/amazonlinux/", "docker.io/library/"],
  ["public.ecr.aws/eks-distro/kubernetes/pause", "registry.k8s.io/pause"],
  ["registry-1.docker.io/", "docker.io/"],
  // Built from the same sources under other names.
  ["registry.k8s.io/e2e-test-images/httpd", "docker.io/library/httpd"],
  ["registry.k8s.io/e2e-test-images/perl", "docker.io/library/perl"],
  ["registry.k8s.io/e2e-test-images/dnsutils", "registry.k8s.io/e2e-test-images/jessie-dnsutils"],
  ["gcr.io/kubernetes-e2e-test-images/", "registry.k8s.io/e2e-test-images/"],
  ["registry.k8s.io/build-image/debian-base", "docker.io/library/debian"],
  ["registry.k8s.io/nginx", "docker.io/library/nginx"],
  ["ghcr.io/eficode-academy/network-multitool", "docker.io/wbitt/network-multitool"],
  ["docker.io/jrecord/nettools", "docker.io/nicolaka/netshoot"],
  ["docker.io/infoblox/dnstools", "docker.io/nicolaka/netshoot"],
  ["quay.io/bitnami/", "docker.io/bitnami/"],
  ["quay.io/nginx/nginx-unprivileged", "docker.io/nginxinc/nginx-unprivileged"],
  ["docker.io/rancher/mirrored-library-busybox", "docker.io/library/busybox"],
  ["quay.io/quay/busybox", "docker.io/library/busybox"],
  ["ghcr.io/containerd/busybox", "docker.io/library/busybox"],
  ["quay.io/libpod/alpine", "docker.io/library/alpine"],
  ["ghcr.io/linuxcontainers/alpine", "docker.io/library/alpine"],
  ["cgr.dev/chainguard/nginx", "docker.io/library/nginx"],
  ["registry.access.redhat.com/ubi8/ubi", "docker.io/library/centos"],
  ["registry.access.redhat.com/ubi9/ubi", "docker.io/library/centos"],
  ["docker.io/lachlanevenson/k8s-kubectl", "docker.io/bitnami/kubectl"],
  ["docker.io/rancher/shell", "docker.io/bitnami/kubectl"],
  ["docker.io/mysql/mysql-server", "docker.io/library/mysql"],
  ["docker.io/redis/redis-stack", "docker.io/redis/redis-stack-server"],
];

/** The repository that a normalised name stands for: `public.ecr.aws/docker/library/redis` is Docker Hub's redis. */
export function mirrored(name: string): string {
  for (const [prefix, of] of MIRRORS) {
    if (!name.startsWith(prefix)) continue;
    const path = name.slice(prefix.length);
    // A mirror of Docker Hub knows the official images by their short names, too.
    return of === "docker.io/" && !path.includes("/") ? `${of}library/${path}` : of + path;
  }
  return name;
}
