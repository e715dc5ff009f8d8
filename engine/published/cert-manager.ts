import { writeYaml } from "../machine/kubelet/yaml.ts";
import { definitionOf } from "./definition.ts";

const NAMESPACE = "cert-manager";
const RBAC = "rbac.authorization.k8s.io";

type Schema = Record<string, unknown>;

const text = (description: string): Schema => ({ type: "string", description });
const texts = (description: string): Schema => ({ type: "array", items: { type: "string" }, description });
const object = (description: string, properties: Record<string, Schema>, required?: string[]): Schema => ({
  type: "object",
  description,
  properties,
  ...(required && { required }),
});
const open = (description: string): Schema => ({
  type: "object",
  description,
  "x-kubernetes-preserve-unknown-fields": true,
});

const ISSUER = object(
  "Reference to the issuer that signs.",
  {
    group: text("Group of the issuer's kind."),
    kind: text("Kind of the issuer: Issuer or ClusterIssuer."),
    name: text("Name of the issuer."),
  },
  ["name"],
);

const CERTIFICATE = object(
  "Desired state of the Certificate.",
  {
    commonName: text("Common name of the subject."),
    dnsNames: texts("DNS names of the subject's alternative names."),
    duration: text("Requested lifetime, in units that Go's time.ParseDuration accepts."),
    emailAddresses: texts("E-mail addresses of the subject's alternative names."),
    ipAddresses: texts("IP addresses of the subject's alternative names."),
    isCA: { type: "boolean", description: "The certificate is that of an authority." },
    issuerRef: ISSUER,
    privateKey: object("How the private key is made and kept.", {
      algorithm: { ...text("Algorithm of the key."), enum: ["RSA", "ECDSA", "Ed25519"] },
      encoding: { ...text("Encoding of the key."), enum: ["PKCS1", "PKCS8"] },
      rotationPolicy: { ...text("When the key is made anew."), enum: ["Never", "Always"] },
      size: { type: "integer", description: "Size of the key in bits." },
    }),
    renewBefore: text("How long before its end it is renewed."),
    revisionHistoryLimit: { type: "integer", format: "int32", description: "How many CertificateRequests are kept." },
    secretName: text("Secret that keeps the certificate and its key."),
    secretTemplate: object("Annotations and labels of that Secret.", {
      annotations: { type: "object", additionalProperties: { type: "string" } },
      labels: { type: "object", additionalProperties: { type: "string" } },
    }),
    subject: object("Requested attributes of the subject's name.", {
      countries: texts("Countries to be used on the Certificate."),
      localities: texts("Cities to be used on the Certificate."),
      organizationalUnits: texts("Organizational Units to be used on the Certificate."),
      organizations: texts("Organizations to be used on the Certificate."),
      postalCodes: texts("Postal codes to be used on the Certificate."),
      provinces: texts("State/Provinces to be used on the Certificate."),
      serialNumber: text("Serial number to be used on the Certificate."),
      streetAddresses: texts("Street addresses to be used on the Certificate."),
    }),
    uris: texts("URIs of the subject's alternative names."),
    usages: texts("Requested key usages and extended key usages."),
  },
  ["issuerRef", "secretName"],
);

const ISSUING = object("Desired state of the issuer.", {
  acme: open("Certificates come from an ACME server."),
  ca: object("Certificates are signed by an authority of a Secret.", { secretName: text("That Secret.") }, [
    "secretName",
  ]),
  selfSigned: open("Certificates sign themselves."),
  vault: open("Certificates come from HashiCorp Vault."),
  venafi: open("Certificates come from Venafi."),
});

interface Kind {
  group: string;
  kind: string;
  plural: string;
  shortNames?: string[];
  cluster?: boolean;
  spec: Schema;
  columns: [name: string, path: string, type?: string][];
}

const READY = '.status.conditions[?(@.type=="Ready")].status';
const STATUS = '.status.conditions[?(@.type=="Ready")].message';

const KINDS: readonly Kind[] = [
  {
    group: "cert-manager.io",
    kind: "CertificateRequest",
    plural: "certificaterequests",
    shortNames: ["cr", "crs"],
    spec: open("Desired state of the CertificateRequest."),
    columns: [
      ["Approved", '.status.conditions[?(@.type=="Approved")].status'],
      ["Denied", '.status.conditions[?(@.type=="Denied")].status'],
      ["Ready", READY],
      ["Issuer", ".spec.issuerRef.name"],
      ["Requester", ".spec.username"],
    ],
  },
  {
    group: "cert-manager.io",
    kind: "Certificate",
    plural: "certificates",
    shortNames: ["cert", "certs"],
    spec: CERTIFICATE,
    columns: [
      ["Ready", READY],
      ["Secret", ".spec.secretName"],
    ],
  },
  {
    group: "acme.cert-manager.io",
    kind: "Challenge",
    plural: "challenges",
    spec: open("Desired state of the Challenge."),
    columns: [
      ["State", ".status.state"],
      ["Domain", ".spec.dnsName"],
    ],
  },
  {
    group: "cert-manager.io",
    kind: "ClusterIssuer",
    plural: "clusterissuers",
    cluster: true,
    spec: ISSUING,
    columns: [["Ready", READY]],
  },
  {
    group: "cert-manager.io",
    kind: "Issuer",
    plural: "issuers",
    spec: ISSUING,
    columns: [["Ready", READY]],
  },
  {
    group: "acme.cert-manager.io",
    kind: "Order",
    plural: "orders",
    spec: open("Desired state of the Order."),
    columns: [["State", ".status.state"]],
  },
];

function crd({ group, kind, plural, shortNames, cluster, spec, columns }: Kind): object {
  const acme = group.startsWith("acme");
  return definitionOf({
    group,
    kind,
    plural,
    scope: cluster ? "Cluster" : "Namespaced",
    labels: { app: "cert-manager", "app.kubernetes.io/name": "cert-manager" },
    names: {
      ...(shortNames && { shortNames }),
      categories: acme ? ["cert-manager", "cert-manager-acme"] : ["cert-manager"],
    },
    version: {
      subresources: { status: {} },
      additionalPrinterColumns: [
        ...columns.map(([name, jsonPath]) => ({ name, jsonPath, type: "string" })),
        ...(acme ? [] : [{ name: "Status", jsonPath: STATUS, type: "string", priority: 1 }]),
        { name: "Age", jsonPath: ".metadata.creationTimestamp", type: "date" },
      ],
    },
    spec,
    status: open(`Status of the ${kind}.`),
  });
}

function part(version: string, name: string, image: string, ports: object[], probe?: object): object[] {
  const component = name.replace("cert-manager-", "").replace(/^cert-manager$/, "controller");
  const labels = {
    app: name.replace("cert-manager-", ""),
    "app.kubernetes.io/component": component,
    "app.kubernetes.io/instance": "cert-manager",
    "app.kubernetes.io/name": name.replace("cert-manager-", ""),
  };
  const metadata = { name, namespace: NAMESPACE, labels };
  return [
    { apiVersion: "v1", kind: "ServiceAccount", metadata },
    {
      apiVersion: `${RBAC}/v1`,
      kind: "ClusterRole",
      metadata: { name },
      rules: [
        { apiGroups: ["cert-manager.io", "acme.cert-manager.io"], resources: ["*"], verbs: ["*"] },
        { apiGroups: [""], resources: ["secrets", "events", "configmaps"], verbs: ["*"] },
      ],
    },
    {
      apiVersion: `${RBAC}/v1`,
      kind: "ClusterRoleBinding",
      metadata: { name },
      roleRef: { apiGroup: RBAC, kind: "ClusterRole", name },
      subjects: [{ kind: "ServiceAccount", name, namespace: NAMESPACE }],
    },
    ...(name.endsWith("cainjector")
      ? []
      : [
          {
            apiVersion: "v1",
            kind: "Service",
            metadata,
            spec: {
              selector: labels,
              ports: name.endsWith("webhook")
                ? [{ name: "https", port: 443, protocol: "TCP", targetPort: 10_250 }]
                : [{ name: "tcp-prometheus-servicemonitor", port: 9402, protocol: "TCP", targetPort: 9402 }],
            },
          },
        ]),
    {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata,
      spec: {
        replicas: 1,
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: {
            serviceAccountName: name,
            enableServiceLinks: false,
            securityContext: { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: "RuntimeDefault" } },
            nodeSelector: { "kubernetes.io/os": "linux" },
            containers: [
              {
                name: `cert-manager-${component}`,
                image: `quay.io/jetstack/cert-manager-${image}:${version}`,
                imagePullPolicy: "IfNotPresent",
                args: ["--v=2"],
                ...(ports.length > 0 && { ports }),
                ...probe,
                securityContext: {
                  allowPrivilegeEscalation: false,
                  capabilities: { drop: ["ALL"] },
                  readOnlyRootFilesystem: true,
                },
                env: [{ name: "POD_NAMESPACE", valueFrom: { fieldRef: { fieldPath: "metadata.namespace" } } }],
              },
            ],
          },
        },
      },
    },
  ];
}

/** cert-manager.crds.yaml of a release. */
export const certManagerCrds = (): string => KINDS.map((kind) => writeYaml(crd(kind))).join("---\n");

/** cert-manager.yaml of a release: its kinds and its parts, which run and issue nothing here. */
export function certManagerManifest(version: string): string {
  const get = (path: string, port: number, initialDelaySeconds: number) => ({
    httpGet: { path, port, scheme: "HTTP" },
    initialDelaySeconds,
    periodSeconds: 10,
  });
  const objects = [
    { apiVersion: "v1", kind: "Namespace", metadata: { name: NAMESPACE } },
    ...KINDS.map(crd),
    ...part(version, "cert-manager-cainjector", "cainjector", []),
    ...part(version, "cert-manager", "controller", [{ containerPort: 9402, name: "http-metrics", protocol: "TCP" }], {
      livenessProbe: get("/livez", 9403, 10),
    }),
    ...part(version, "cert-manager-webhook", "webhook", [{ containerPort: 10_250, name: "https", protocol: "TCP" }], {
      livenessProbe: get("/livez", 6080, 60),
      readinessProbe: get("/healthz", 6080, 5),
    }),
  ];
  return objects.map((one) => writeYaml(one)).join("---\n");
}
