import { quantity } from "../api/quantity.ts";
import { MESSAGES } from "../api/schema/messages.ts";
import { type Field, typeOf } from "../api/schema/types.ts";

/**
 * The text of a Go struct as apimachinery's dump.ForHash writes it: every field in the struct's order with its type,
 * nil ones too, keys of maps sorted. Order comes from the protobuf messages (written in the struct's order), types from
 * the schema. pod-template-hash is a hash of this text.
 */

// biome-ignore lint/suspicious/noExplicitAny: any object of the API
type Value = any;

/** Go's names where they are not the JSON name with a capital. */
const GO_NAMES: Readonly<Record<string, string>> = {
  apiVersion: "APIVersion",
  awsElasticBlockStore: "AWSElasticBlockStore",
  cephfs: "CephFS",
  csi: "CSI",
  dnsConfig: "DNSConfig",
  dnsPolicy: "DNSPolicy",
  fc: "FC",
  fsGroup: "FSGroup",
  fsGroupChangePolicy: "FSGroupChangePolicy",
  fsType: "FSType",
  gcePersistentDisk: "GCEPersistentDisk",
  grpc: "GRPC",
  handler: "ProbeHandler",
  httpGet: "HTTPGet",
  httpHeaders: "HTTPHeaders",
  ip: "IP",
  iscsi: "ISCSI",
  metadata: "ObjectMeta",
  nfs: "NFS",
  os: "OS",
  pdName: "PDName",
  chapAuthDiscovery: "DiscoveryCHAPAuth",
  chapAuthSession: "SessionCHAPAuth",
  diskURI: "DataDiskURI",
  iqn: "IQN",
  iscsiInterface: "ISCSIInterface",
  rbd: "RBD",
  serviceAccount: "DeprecatedServiceAccount",
  sslEnabled: "SSLEnabled",
  targetWWNs: "TargetWWNs",
  wwids: "WWIDs",
  seLinuxChangePolicy: "SELinuxChangePolicy",
  seLinuxOptions: "SELinuxOptions",
  storageos: "StorageOS",
  tcpSocket: "TCPSocket",
  tty: "TTY",
  uid: "UID",
  volumeID: "VolumeID",
};
const goName = (name: string) => GO_NAMES[name] ?? name[0]!.toUpperCase() + name.slice(1);

/** Embedded structs: messages whose fields stand in the outer object in JSON. */
const EMBEDDED: Readonly<Record<string, readonly string[]>> = {
  Volume: ["volumeSource"],
  Probe: ["handler"],
  ConfigMapVolumeSource: ["localObjectReference"],
  ConfigMapKeySelector: ["localObjectReference"],
  ConfigMapEnvSource: ["localObjectReference"],
  ConfigMapProjection: ["localObjectReference"],
  SecretKeySelector: ["localObjectReference"],
  SecretEnvSource: ["localObjectReference"],
  SecretProjection: ["localObjectReference"],
  EphemeralContainer: ["ephemeralContainerCommon"],
};

/** Types that the schema does not tell. */
const GO_TYPES: Readonly<Record<string, string>> = { "discovery.v1.EndpointPort.protocol": "v1.Protocol" };

const short = (message: string) => message.slice(message.lastIndexOf(".") + 1);
const full = (message: string) =>
  /^(core|discovery)\.v1\./.test(message)
    ? `io.k8s.api.${message}`
    : `io.k8s.apimachinery.pkg.${message.replace(/^\+/, "")}`;

interface Part {
  name: string;
  type: string;
  field: Field | undefined;
  /** The fields of the embedded struct that this is. */
  embedded?: ReadonlyMap<string, Field> | undefined;
  isEmbedded: boolean;
  head: string;
  /** What is written when nothing is given, once known. */
  absent?: string;
}

const layouts = new Map<string, readonly Part[]>();

function layout(message: string, outer: ReadonlyMap<string, Field> | undefined): readonly Part[] {
  let parts = layouts.get(message);
  if (parts !== undefined) return parts;
  const fields = outer ?? typeOf(full(message))?.fields;
  parts = MESSAGES[message]!.split("|").map((text) => {
    const [, name = "", type = ""] = text.split(" ");
    const isEmbedded = EMBEDDED[short(message)]?.includes(name) ?? false;
    const embedded = isEmbedded ? embeddedFields(type.slice(1), fields) : undefined;
    const field = fields?.get(name);
    const goType = GO_TYPES[`${message}.${name}`];
    return {
      name,
      type,
      field: field && goType ? { ...field, goType } : field,
      isEmbedded,
      embedded,
      head: `${goName(name)}:`,
    };
  });
  layouts.set(message, parts);
  return parts;
}

/** `message`: as MESSAGES names it, e.g. `core.v1.PodTemplateSpec`; without the type in front when `bare`. */
export function dumpStruct(message: string, value: Value, bare = false, outer?: ReadonlyMap<string, Field>): string {
  let text = bare ? "{" : `(v1.${short(message)}){`;
  let first = true;
  for (const part of layout(message, outer)) {
    if (!first) text += " ";
    first = false;
    if (part.isEmbedded) text += part.head + dumpStruct(part.type.slice(1), value, false, part.embedded);
    else {
      const given = value?.[part.name];
      if (given === undefined || given === null)
        text += part.absent ??= part.head + dumpField(part.type, undefined, part.field);
      else text += part.head + dumpField(part.type, given, part.field);
    }
  }
  return `${text}}`;
}

/** An embedded struct that the schema does not know by itself has its fields in the outer one. */
function embeddedFields(message: string, outer: ReadonlyMap<string, Field> | undefined) {
  return typeOf(full(message)) === undefined ? outer : undefined;
}

function dumpField(type: string, value: Value, field: Field | undefined): string {
  const go = field?.goType;
  if (type.startsWith("[")) {
    const item = type.slice(1);
    const name = item.startsWith("#") ? `v1.${short(item)}` : (go ?? (item === "i" ? "int64" : "string"));
    if (!value || value.length === 0) return `([]${name})<nil>`;
    const items = (value as Value[]).map((v) => dumpBare(item, v));
    return `([]${name})[${items.join(" ")}]`;
  }
  if (type.startsWith("{")) {
    const name = type.includes("Quantity") ? "v1.ResourceList" : "map[string]string";
    const keys = Object.keys(value ?? {}).sort();
    if (keys.length === 0) return `(${name})<nil>`;
    return `(${name})map[${keys.map((key) => `${key}:${dumpBare(type.slice(1), value[key])}`).join(" ")}]`;
  }
  const name = go ?? typeName(type, field);
  if (field?.pointer)
    return value === undefined || value === null ? `(*${name})<nil>` : `(*${name})${dumpBare(type, value)}`;
  return `(${name})${dumpBare(type, value)}`;
}

function typeName(type: string, field: Field | undefined): string {
  if (type.includes("Quantity")) return "resource.Quantity";
  if (type.includes("IntOrString")) return "intstr.IntOrString";
  if (type.startsWith("#")) return `v1.${short(type)}`;
  if (type === "s") return field?.name === "uid" ? "types.UID" : "string";
  if (type === "b") return "bool";
  return field?.type.kind === "int64" ? "int64" : "int32";
}

const ZERO_TIME = "{Time:(time.Time){wall:(uint64)0 ext:(int64)0 loc:(*time.Location)<nil>}}";

function dumpBare(type: string, value: Value): string {
  if (type.includes("Quantity")) return dumpQuantity(String(value ?? "0"));
  if (type.includes("IntOrString")) {
    const text = typeof value === "string";
    return `{Type:(intstr.Type)${text ? 1 : 0} IntVal:(int32)${text ? 0 : (value ?? 0)} StrVal:(string)${text ? value : ""}}`;
  }
  if (type.endsWith(".Time")) return ZERO_TIME;
  if (type.startsWith("#")) return dumpStruct(type.slice(1), value, true);
  if (type === "s") return String(value ?? "");
  if (type === "b") return String(value ?? false);
  return String(value ?? 0);
}

function dumpQuantity(text: string): string {
  const { format, nano } = quantity(text);
  const digits = /^[+-]?\d*\.?\d*/.exec(text)![0];
  const suffix = text.slice(digits.length);
  const scales: Readonly<Record<string, number>> = {
    n: -9,
    u: -6,
    m: -3,
    "": 0,
    k: 3,
    M: 6,
    G: 9,
    T: 12,
    P: 15,
    E: 18,
  };
  const decimals = digits.includes(".") ? digits.length - digits.indexOf(".") - 1 : 0;
  const binary = format === "BinarySI";
  const scale = binary ? 0 : (scales[suffix] ?? 0) - decimals;
  // ParseQuantity keeps the text only where it cannot be told otherwise.
  const number = digits.replace(".", "");
  const short = scale % 3 === 0 && !number.endsWith("000") && number[0] !== "0";
  const kept = text === "0" || (binary ? (BigInt(number) & 7n) !== 0n : short);
  const amount = binary ? String(nano / 1_000_000_000n) : number;
  return `{i:(resource.int64Amount){value:(int64)${amount} scale:(resource.Scale)${scale}} d:(resource.infDecAmount){Dec:(*inf.Dec)<nil>} s:(string)${kept ? text : ""} Format:(resource.Format)${format}}`;
}
