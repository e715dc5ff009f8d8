import { formatLabels } from "../../../api/columns.ts";
import { humanDuration } from "../../../api/duration.ts";
import type { KubeObject } from "../../../api/types.ts";
import { decode, decodeBase64, type Gen } from "../../../kernel/index.ts";
import { type Element, fromPem, oidText, parse } from "../../../pki/der.ts";
import { OID } from "../../../pki/oids.ts";
import { KubectlError } from "../errors.ts";
import { type Document, dateText } from "./document.ts";
import { eventsOf, writeEvents } from "./events.ts";

/** Parts of a subject in the order they are shown, by object identifier. */
const PARTS: readonly [oid: string, title: string][] = [
  [OID.organization, "Organization"],
  ["2.5.4.11", "Organizational Unit"],
  ["2.5.4.6", "Country"],
  ["2.5.4.7", "Locality"],
  ["2.5.4.8", "Province"],
  ["2.5.4.9", "StreetAddress"],
  ["2.5.4.17", "PostalCode"],
];
/** Context tags of a GeneralName. */
const NAMES: Record<number, string> = { 130: "DNS Names", 129: "Email Addresses", 134: "URIs", 135: "IP Addresses" };

interface Request {
  subject: Map<string, string[]>;
  alternatives: Map<string, string[]>;
}

const text = (bytes: Uint8Array) => decode(bytes);

/** What a PKCS #10 request asks for; undefined for what is none. */
function parseRequest(base64: string): Request | undefined {
  const bytes = decodeBase64(base64);
  const der = bytes && fromPem("CERTIFICATE REQUEST", text(bytes));
  if (!der) return undefined;
  try {
    const [info] = parse(parse(der)[0]!.content);
    const [, name, , ...attributes] = parse(info!.content);
    return { subject: nameOf(name!), alternatives: alternativesOf(attributes) };
  } catch {
    return undefined;
  }
}

function nameOf(name: Element): Map<string, string[]> {
  const out = new Map<string, string[]>();
  for (const set of parse(name.content)) {
    for (const pair of parse(set.content)) {
      const [type, value] = parse(pair.content) as [Element, Element];
      const oid = oidText(type.content);
      out.set(oid, [...(out.get(oid) ?? []), text(value.content)]);
    }
  }
  return out;
}

function alternativesOf(attributes: readonly Element[]): Map<string, string[]> {
  const out = new Map<string, string[]>();
  const wrapped = attributes.find(({ tag }) => tag === 0xa0);
  for (const attribute of wrapped ? parse(wrapped.content) : []) {
    const [type, values] = parse(attribute.content) as [Element, Element];
    if (oidText(type.content) !== OID.extensionRequest) continue;
    for (const extension of parse(parse(values.content)[0]!.content)) {
      const parts = parse(extension.content);
      if (oidText(parts[0]!.content) !== OID.subjectAltName) continue;
      for (const { tag, content } of parse(parse(parts.at(-1)!.content)[0]!.content)) {
        const title = NAMES[tag];
        if (title === undefined) continue;
        const value = tag === 0x87 ? [...content].join(".") : text(content);
        out.set(title, [...(out.get(title) ?? []), value]);
      }
    }
  }
  return out;
}

function statusText({ status = {} }: KubeObject): string {
  const types = ((status.conditions ?? []) as { type: string }[]).map(({ type }) => type);
  const decided = types.includes("Denied") ? "Denied" : types.includes("Approved") ? "Approved" : "Pending";
  return `${decided}${types.includes("Failed") ? ",Failed" : ""}${status.certificate ? ",Issued" : ""}`;
}

/** describe certificatesigningrequest. */
export function* describeCertificateSigningRequest(d: Document, object: KubeObject): Gen {
  const { metadata, spec } = object;
  const events = yield* eventsOf(d, object);
  const request = parseRequest(spec.request ?? "");
  if (request === undefined) {
    throw new KubectlError("Error parsing CSR: PEM block type must be CERTIFICATE REQUEST");
  }
  d.line(0, `Name:\t${metadata.name}`);
  d.line(0, `Labels:\t${formatLabels(metadata.labels)}`);
  d.line(0, `Annotations:\t${formatLabels(metadata.annotations)}`);
  d.line(0, `CreationTimestamp:\t${dateText(metadata.creationTimestamp)}`);
  d.line(0, `Requesting User:\t${spec.username ?? ""}`);
  if (spec.signerName) d.line(0, `Signer:\t${spec.signerName}`);
  if (spec.expirationSeconds !== undefined) {
    d.line(0, `Requested Duration:\t${humanDuration(spec.expirationSeconds * 1000)}`);
  }
  d.line(0, `Status:\t${statusText(object)}`);
  d.line(0, "Subject:");
  d.line(0, `\tCommon Name:\t${request.subject.get(OID.commonName)?.at(-1) ?? ""}`);
  d.line(0, `\tSerial Number:\t${request.subject.get("2.5.4.5")?.at(-1) ?? ""}`);
  const values = (title: string, found: readonly string[] | undefined) => {
    if (found?.length) d.line(0, `\t${title}:\t${found.join("\n\t\t")}`);
  };
  for (const [oid, title] of PARTS) values(title, request.subject.get(oid));
  if (request.alternatives.size > 0) {
    d.line(0, "Subject Alternative Names:");
    for (const title of ["DNS Names", "Email Addresses", "URIs", "IP Addresses"]) {
      values(title, request.alternatives.get(title));
    }
  }
  writeEvents(d, events);
}
