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
  ["registry-1.docker.io/", "docker.io/"],
];

/** The repository that a normalised name stands for: `public.ecr.aws/docker/library/redis` is Docker Hub's redis. */
export function mirrored(name: string): string {
  for (const [prefix, of] of MIRRORS) if (name.startsWith(prefix)) return of + name.slice(prefix.length);
  return name;
}
