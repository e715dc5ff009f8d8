/** Short ways to say the objects of examples; each returns an object as a manifest has it. */

export type Part = Readonly<Record<string, unknown>>;

export const container = (name: string, image: string, more: Part = {}): Part => ({ name, image, ...more });

/** `namespace` stands before `/` in the name where there is one. */
function metadata(name: string, more: Part = {}): Part {
  const [first, second] = name.split("/");
  return second === undefined ? { name, ...more } : { name: second, namespace: first, ...more };
}

export function pod(name: string, containers: Part | readonly Part[], spec: Part = {}, meta: Part = {}): Part {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: metadata(name, meta),
    spec: { ...spec, containers: Array.isArray(containers) ? containers : [containers] },
  };
}

/** A Deployment, ReplicaSet, StatefulSet or DaemonSet of one Pod template; without `replicas` the field is left out. */
export function workload(
  kind: string,
  name: string,
  options: {
    replicas?: number;
    labels: Part;
    containers: Part | readonly Part[];
    meta?: Part;
    spec?: Part;
    pod?: Part;
  },
): Part {
  const { replicas, labels, containers, meta, spec, pod: more } = options;
  return {
    apiVersion: "apps/v1",
    kind,
    metadata: metadata(name, meta),
    spec: {
      ...(replicas === undefined ? {} : { replicas }),
      selector: { matchLabels: labels },
      ...spec,
      template: {
        metadata: { labels },
        spec: { ...more, containers: Array.isArray(containers) ? containers : [containers] },
      },
    },
  };
}

export const deployment = (name: string, options: Parameters<typeof workload>[2]): Part =>
  workload("Deployment", name, options);

export function service(name: string, selector: Part, ports: readonly Part[], spec: Part = {}, meta: Part = {}): Part {
  return { apiVersion: "v1", kind: "Service", metadata: metadata(name, meta), spec: { ...spec, selector, ports } };
}

/** An object of the core group whose contents are at its top or under `spec`. */
export const core = (kind: string, name: string, content: Part, meta: Part = {}): Part => ({
  apiVersion: "v1",
  kind,
  metadata: metadata(name, meta),
  ...content,
});

export const object = (apiVersion: string, kind: string, name: string, content: Part, meta: Part = {}): Part => ({
  apiVersion,
  kind,
  metadata: metadata(name, meta),
  ...content,
});

export function job(name: string, template: Part, spec: Part = {}): Part {
  return object("batch/v1", "Job", name, { spec: { ...spec, template: { spec: template } } });
}

/** A variable from a key of a Secret or ConfigMap, or from a field of the Pod. */
export const fromSecret = (name: string, secret: string, key: string): Part => ({
  name,
  valueFrom: { secretKeyRef: { name: secret, key } },
});
export const fromConfig = (name: string, map: string, key: string): Part => ({
  name,
  valueFrom: { configMapKeyRef: { name: map, key } },
});
export const fromField = (name: string, fieldPath: string): Part => ({ name, valueFrom: { fieldRef: { fieldPath } } });

export const port = (containerPort: number, name?: string): Part =>
  name === undefined ? { containerPort } : { containerPort, name };
export const mount = (name: string, mountPath: string, more: Part = {}): Part => ({ name, mountPath, ...more });
export const shell = (script: string): Part => ({ command: ["/bin/sh", "-c", script] });
export const limits = (limit: Part | undefined, request?: Part): Part => ({
  resources: { ...(limit && { limits: limit }), ...(request && { requests: request }) },
});

/** Files by their paths below `https://k8s.io/examples/`, each of one or more objects. */
export type Examples = Readonly<Record<string, Part | readonly Part[]>>;
