/** A kind whose objects hold what their maker likes, as definitions of other projects are published. */
export interface OpenKind {
  group: string;
  kind: string;
  plural: string;
  scope: "Cluster" | "Namespaced";
  /** What the one version has beside its schema: subresources, columns. */
  version?: object;
}

/** The definition of such a kind, version v1. */
export function openDefinition({ group, kind, plural, scope, version = {} }: OpenKind): object {
  const open = { type: "object", "x-kubernetes-preserve-unknown-fields": true };
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      names: { kind, listKind: `${kind}List`, plural, singular: kind.toLowerCase() },
      preserveUnknownFields: false,
      scope,
      versions: [
        {
          name: "v1",
          ...version,
          schema: {
            openAPIV3Schema: {
              type: "object",
              properties: {
                apiVersion: { type: "string" },
                kind: { type: "string" },
                metadata: { type: "object" },
                spec: open,
                status: open,
              },
            },
          },
          served: true,
          storage: true,
        },
      ],
    },
  };
}
