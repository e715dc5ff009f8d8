/** What a definition's schema says of a part of which it says nothing. */
const OPEN = { type: "object", "x-kubernetes-preserve-unknown-fields": true };

/** A kind that a project's manifest defines, in one version. */
export interface DefinedKind {
  group: string;
  kind: string;
  plural: string;
  scope: "Cluster" | "Namespaced";
  labels?: Record<string, string>;
  /** Short names and categories. */
  names?: object;
  /** What the version has beside its schema: its name where that is not v1, subresources, columns. */
  version?: object;
  /** Schemas; objects hold there what their maker likes where none is given. */
  spec?: object;
  status?: object;
  /** Parts of an object that must be there. */
  required?: readonly string[];
}

/** The CustomResourceDefinition of such a kind. */
export function definitionOf(of: DefinedKind): object {
  const { group, kind, plural, scope, labels, names, version, spec = OPEN, status = OPEN, required } = of;
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.${group}`, ...(labels && { labels }) },
    spec: {
      group,
      names: { kind, listKind: `${kind}List`, plural, singular: kind.toLowerCase(), ...names },
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
                spec,
                status,
              },
              ...(required && { required }),
            },
          },
          served: true,
          storage: true,
        },
      ],
    },
  };
}
