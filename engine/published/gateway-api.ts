import { writeYaml } from "../machine/kubelet/yaml.ts";

/** The custom kinds of the Gateway API's standard channel (kubernetes-sigs/gateway-api config/crd/standard), in our own words. */

type Schema = Record<string, unknown>;

const text = (more: Schema = {}): Schema => ({ type: "string", ...more });
const integer = (more: Schema = {}): Schema => ({ type: "integer", format: "int32", ...more });
const list = (items: Schema, more: Schema = {}): Schema => ({ type: "array", items, ...more });
const object = (properties: Record<string, Schema>, required: string[] = [], more: Schema = {}): Schema => ({
  type: "object",
  properties,
  ...(required.length > 0 && { required }),
  ...more,
});
const map = (values: Schema): Schema => ({ type: "object", additionalProperties: values });
const choice = (...values: string[]): Schema => text({ enum: values });
const withDefault = (schema: Schema, value: unknown): Schema => ({ ...schema, default: value });

const PORT = integer({ minimum: 1, maximum: 65535 });
const HOSTNAME = text({
  minLength: 1,
  maxLength: 253,
  pattern: "^(\\*\\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$",
});
const NAME = text({ minLength: 1, maxLength: 253 });
const NAMESPACE = text({ minLength: 1, maxLength: 63, pattern: "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$" });
const GROUP = text({ maxLength: 253 });
const KIND = text({ minLength: 1, maxLength: 63, pattern: "^[a-zA-Z]([-a-zA-Z0-9]*[a-zA-Z0-9])?$" });

const CONDITION = object(
  {
    type: text({ maxLength: 316 }),
    status: choice("True", "False", "Unknown"),
    observedGeneration: { type: "integer", format: "int64", minimum: 0 },
    lastTransitionTime: text({ format: "date-time" }),
    reason: text({ minLength: 1, maxLength: 1024 }),
    message: text({ maxLength: 32768 }),
  },
  ["lastTransitionTime", "message", "reason", "status", "type"],
);
const CONDITIONS = list(CONDITION, {
  maxItems: 8,
  "x-kubernetes-list-type": "map",
  "x-kubernetes-list-map-keys": ["type"],
});

const PARENT = {
  group: withDefault(GROUP, "gateway.networking.k8s.io"),
  kind: withDefault(KIND, "Gateway"),
  namespace: NAMESPACE,
  name: NAME,
  sectionName: text({ minLength: 1, maxLength: 253 }),
  port: PORT,
};
const PARENT_REF = object(PARENT, ["name"]);
const ROUTE_STATUS = object(
  {
    parents: list(
      object({ parentRef: PARENT_REF, controllerName: text(), conditions: CONDITIONS }, [
        "controllerName",
        "parentRef",
      ]),
      { maxItems: 32 },
    ),
  },
  ["parents"],
);

const BACKEND = {
  group: withDefault(GROUP, ""),
  kind: withDefault(KIND, "Service"),
  name: NAME,
  namespace: NAMESPACE,
  port: PORT,
};
const HEADER = object({ name: NAME, value: text({ minLength: 1, maxLength: 4096 }) }, ["name", "value"]);
const HEADERS = object({
  set: list(HEADER, { maxItems: 16 }),
  add: list(HEADER, { maxItems: 16 }),
  remove: list(text(), { maxItems: 16 }),
});
const PATH_MODIFIER = object(
  {
    type: choice("ReplaceFullPath", "ReplacePrefixMatch"),
    replaceFullPath: text({ maxLength: 1024 }),
    replacePrefixMatch: text({ maxLength: 1024 }),
  },
  ["type"],
);
const EXTENSION = object({ group: GROUP, kind: KIND, name: NAME }, ["group", "kind", "name"]);
const FILTERS = list(
  object(
    {
      type: choice(
        "RequestHeaderModifier",
        "ResponseHeaderModifier",
        "RequestMirror",
        "RequestRedirect",
        "URLRewrite",
        "ExtensionRef",
      ),
      requestHeaderModifier: HEADERS,
      responseHeaderModifier: HEADERS,
      requestMirror: object({ backendRef: object(BACKEND, ["name"]) }, ["backendRef"]),
      requestRedirect: object({
        scheme: choice("http", "https"),
        hostname: HOSTNAME,
        path: PATH_MODIFIER,
        port: PORT,
        statusCode: withDefault({ type: "integer", enum: [301, 302] }, 302),
      }),
      urlRewrite: object({ hostname: HOSTNAME, path: PATH_MODIFIER }),
      extensionRef: EXTENSION,
    },
    ["type"],
  ),
  { maxItems: 16 },
);
const matcher = (types: string[]) =>
  list(
    object(
      { type: withDefault(choice(...types), "Exact"), name: NAME, value: text({ minLength: 1, maxLength: 4096 }) },
      ["name", "value"],
    ),
    { maxItems: 16, "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"] },
  );
const MATCHES = list(
  object({
    path: withDefault(
      object({
        type: withDefault(choice("Exact", "PathPrefix", "RegularExpression"), "PathPrefix"),
        value: withDefault(text({ maxLength: 1024 }), "/"),
      }),
      { type: "PathPrefix", value: "/" },
    ),
    headers: matcher(["Exact", "RegularExpression"]),
    queryParams: matcher(["Exact", "RegularExpression"]),
    method: choice("GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"),
  }),
  { maxItems: 64, default: [{ path: { type: "PathPrefix", value: "/" } }] },
);
const DURATION = text({ pattern: "^([0-9]{1,5}(h|m|s|ms)){1,4}$" });
const WEIGHT = withDefault(integer({ minimum: 0, maximum: 1_000_000 }), 1);

const HTTP_ROUTE = object({
  parentRefs: list(PARENT_REF, { maxItems: 32 }),
  hostnames: list(HOSTNAME, { maxItems: 16 }),
  rules: list(
    object({
      name: text(),
      matches: MATCHES,
      filters: FILTERS,
      backendRefs: list(object({ ...BACKEND, weight: WEIGHT, filters: FILTERS }, ["name"]), { maxItems: 16 }),
      timeouts: object({ request: DURATION, backendRequest: DURATION }),
    }),
    { maxItems: 16, default: [{ matches: [{ path: { type: "PathPrefix", value: "/" } }] }] },
  ),
});

const GRPC_ROUTE = object({
  parentRefs: list(PARENT_REF, { maxItems: 32 }),
  hostnames: list(HOSTNAME, { maxItems: 16 }),
  rules: list(
    object({
      name: text(),
      matches: list(
        object({
          method: object({
            type: withDefault(choice("Exact", "RegularExpression"), "Exact"),
            service: text({ maxLength: 1024 }),
            method: text({ maxLength: 1024 }),
          }),
          headers: matcher(["Exact", "RegularExpression"]),
        }),
      ),
      filters: FILTERS,
      backendRefs: list(object({ ...BACKEND, weight: WEIGHT, filters: FILTERS }, ["name"])),
    }),
  ),
});

const SELECTOR = object({
  matchLabels: map(text()),
  matchExpressions: list(object({ key: text(), operator: text(), values: list(text()) }, ["key", "operator"])),
});
const PENDING = {
  type: "Accepted",
  status: "Unknown",
  reason: "Pending",
  message: "Waiting for controller",
  lastTransitionTime: "1970-01-01T00:00:00Z",
};
const ROUTE_KINDS = list(object({ group: withDefault(GROUP, "gateway.networking.k8s.io"), kind: KIND }, ["kind"]), {
  maxItems: 8,
});

const GATEWAY = object(
  {
    gatewayClassName: NAME,
    listeners: list(
      object(
        {
          name: text({ minLength: 1, maxLength: 253 }),
          hostname: HOSTNAME,
          port: PORT,
          protocol: text({ minLength: 1, maxLength: 255 }),
          tls: object({
            mode: withDefault(choice("Terminate", "Passthrough"), "Terminate"),
            certificateRefs: list(
              object({ ...BACKEND, kind: withDefault(KIND, "Secret"), port: undefined as unknown as Schema }, ["name"]),
              { maxItems: 64 },
            ),
            options: map(text()),
          }),
          allowedRoutes: withDefault(
            object({
              namespaces: withDefault(
                object({ from: withDefault(choice("All", "Selector", "Same"), "Same"), selector: SELECTOR }),
                { from: "Same" },
              ),
              kinds: ROUTE_KINDS,
            }),
            { namespaces: { from: "Same" } },
          ),
        },
        ["name", "port", "protocol"],
      ),
      { minItems: 1, maxItems: 64, "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"] },
    ),
    addresses: list(object({ type: withDefault(text(), "IPAddress"), value: text() }, ["value"]), { maxItems: 16 }),
    infrastructure: object({
      labels: map(text()),
      annotations: map(text()),
      parametersRef: EXTENSION,
    }),
  },
  ["gatewayClassName", "listeners"],
);
const GATEWAY_STATUS = withDefault(
  object({
    addresses: list(object({ type: withDefault(text(), "IPAddress"), value: text() }, ["value"])),
    conditions: withDefault(CONDITIONS, [PENDING, { ...PENDING, type: "Programmed" }]),
    listeners: list(
      object({ name: text(), supportedKinds: ROUTE_KINDS, attachedRoutes: integer(), conditions: CONDITIONS }, [
        "attachedRoutes",
        "conditions",
        "name",
        "supportedKinds",
      ]),
      { "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"] },
    ),
  }),
  { conditions: [PENDING, { ...PENDING, type: "Programmed" }] },
);
const CLASS_CONTROLLER = text({
  minLength: 1,
  maxLength: 253,
  pattern: "^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\\/[A-Za-z0-9\\/\\-._~%!$&'()*+,;=:]+$",
});

interface Kind {
  kind: string;
  plural: string;
  short?: string;
  namespaced: boolean;
  versions: string[];
  spec: Schema;
  status?: Schema;
  columns: object[];
}

const column = (name: string, jsonPath: string, type = "string", priority = 0) => ({
  name,
  type,
  jsonPath,
  ...(priority > 0 && { priority }),
});
const AGE = column("Age", ".metadata.creationTimestamp", "date");
const accepted = (type: string) => column(type, `.status.conditions[?(@.type=="${type}")].status`);

const KINDS: readonly Kind[] = [
  {
    kind: "GatewayClass",
    plural: "gatewayclasses",
    short: "gc",
    namespaced: false,
    versions: ["v1", "v1beta1"],
    spec: object(
      {
        controllerName: CLASS_CONTROLLER,
        description: text({ maxLength: 64 }),
        parametersRef: object({ group: GROUP, kind: KIND, name: NAME, namespace: NAMESPACE }, [
          "group",
          "kind",
          "name",
        ]),
      },
      ["controllerName"],
    ),
    status: withDefault(
      object({
        conditions: withDefault(CONDITIONS, [PENDING]),
        supportedFeatures: list(object({ name: text() }, ["name"])),
      }),
      { conditions: [PENDING] },
    ),
    columns: [
      column("Controller", ".spec.controllerName"),
      accepted("Accepted"),
      AGE,
      column("Description", ".spec.description", "string", 1),
    ],
  },
  {
    kind: "Gateway",
    plural: "gateways",
    short: "gtw",
    namespaced: true,
    versions: ["v1", "v1beta1"],
    spec: GATEWAY,
    status: GATEWAY_STATUS,
    columns: [
      column("Class", ".spec.gatewayClassName"),
      column("Address", ".status.addresses[*].value"),
      accepted("Programmed"),
      AGE,
    ],
  },
  {
    kind: "HTTPRoute",
    plural: "httproutes",
    namespaced: true,
    versions: ["v1", "v1beta1"],
    spec: HTTP_ROUTE,
    status: ROUTE_STATUS,
    columns: [column("Hostnames", ".spec.hostnames"), AGE],
  },
  {
    kind: "GRPCRoute",
    plural: "grpcroutes",
    namespaced: true,
    versions: ["v1"],
    spec: GRPC_ROUTE,
    status: ROUTE_STATUS,
    columns: [column("Hostnames", ".spec.hostnames"), AGE],
  },
  {
    kind: "ReferenceGrant",
    plural: "referencegrants",
    short: "refgrant",
    namespaced: true,
    versions: ["v1beta1"],
    spec: object(
      {
        from: list(object({ group: GROUP, kind: KIND, namespace: NAMESPACE }, ["group", "kind", "namespace"]), {
          minItems: 1,
        }),
        to: list(object({ group: GROUP, kind: KIND, name: NAME }, ["group", "kind"]), { minItems: 1 }),
      },
      ["from", "to"],
    ),
    columns: [AGE],
  },
];

function definition(
  { kind, plural, short, namespaced, versions, spec, status, columns }: Kind,
  bundle: string,
): object {
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: {
      annotations: {
        "api-approved.kubernetes.io": "https://github.com/kubernetes-sigs/gateway-api/pull/2997",
        "gateway.networking.k8s.io/bundle-version": bundle,
        "gateway.networking.k8s.io/channel": "standard",
      },
      name: `${plural}.gateway.networking.k8s.io`,
    },
    spec: {
      group: "gateway.networking.k8s.io",
      names: {
        categories: ["gateway-api"],
        kind,
        listKind: `${kind}List`,
        plural,
        ...(short && { shortNames: [short] }),
        singular: kind.toLowerCase(),
      },
      scope: namespaced ? "Namespaced" : "Cluster",
      versions: versions.map((name, i) => ({
        additionalPrinterColumns: columns,
        name,
        schema: {
          openAPIV3Schema: object(
            {
              apiVersion: text(),
              kind: text(),
              metadata: { type: "object" },
              spec,
              ...(status && { status }),
            },
            kind === "ReferenceGrant" ? [] : ["spec"],
          ),
        },
        served: true,
        storage: i === 0,
        ...(status && { subresources: { status: {} } }),
      })),
    },
  };
}

/** What `standard-install.yaml` of a release makes. */
export function gatewayApiManifest(version: string): string {
  const kinds = KINDS.filter(({ kind }) => kind !== "GRPCRoute" || !version.startsWith("v1.0."));
  return kinds.map((one) => writeYaml(plain(definition(one, version)))).join("---\n");
}

/** Without what is undefined. */
const plain = (value: object): object => JSON.parse(JSON.stringify(value)) as object;
