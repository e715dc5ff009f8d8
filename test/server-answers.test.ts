import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { KINDS } from "../engine/api/kinds.ts";
import { bootedHarness } from "../engine/apiserver/testing.ts";

/** What kube-apiserver 1.32 answers to objects, recorded from it: defaults, complaints and warnings. */
interface Answer {
  code: number;
  message?: string;
  warnings?: string[];
  object?: object;
}

const file = (name: string) => readFileSync(new URL(`./server-answers/${name}`, import.meta.url), "utf8");
const answers: Record<string, Answer> = JSON.parse(file("answers.json"));
// biome-ignore lint/suspicious/noExplicitAny: objects of whatever kind, wrong ones among them
const objects: any[] = parseAllDocuments(file("objects.yaml")).map((document) => document.toJS());

/** What is another thing each time. */
const CHOSEN = ["uid", "creationTimestamp", "resourceVersion", "managedFields", "generation"];

// biome-ignore lint/suspicious/noExplicitAny: JSON
function plain(value: any, path = ""): any {
  if (Array.isArray(value)) return value.map((one) => plain(one, path));
  if (typeof value === "string") {
    return value
      .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "UUID")
      .replace(/kube-api-access-[a-z0-9]{5}/g, "kube-api-access-X")
      .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, "TIME");
  }
  if (typeof value !== "object" || value === null) return value;
  const out: Record<string, unknown> = {};
  for (const key of Object.keys(value).sort()) {
    const at = `${path}.${key}`;
    if (path === ".metadata" && CHOSEN.includes(key)) continue;
    if (/^\.spec\.clusterIPs?$/.test(at) && !String(value[key]).startsWith("None"))
      out[key] = Array.isArray(value[key]) ? ["IP"] : "IP";
    else if (/Port$/.test(key) && /nodePort|healthCheckNodePort/.test(key)) out[key] = "PORT";
    else if (at === ".status.lastPhaseTransitionTime") out[key] = "PORT";
    else out[key] = plain(value[key], at);
  }
  return out;
}

describe("kube-apiserver's answers", () => {
  const h = bootedHarness();
  h.json("POST", "/api/v1/namespaces/default/serviceaccounts", { metadata: { name: "default" } });
  h.json("POST", "/apis/storage.k8s.io/v1/storageclasses", {
    metadata: { name: "local-path", annotations: { "storageclass.kubernetes.io/is-default-class": "true" } },
    provisioner: "rancher.io/local-path",
  });

  it.each(objects.map((object) => [`${object.kind}/${object.metadata.name}`, object] as const))("%s", (key, object) => {
    const [group, version] = object.apiVersion.includes("/") ? object.apiVersion.split("/") : ["", object.apiVersion];
    const kind = KINDS.find(({ resource }) => resource.kind === object.kind && resource.group === group)!.resource;
    const base = group === "" ? `/api/${version}` : `/apis/${group}/${version}`;
    const path = `${base}${kind.namespaced ? "/namespaces/default" : ""}/${kind.resource}`;
    const text = JSON.stringify(object);
    const headers = { "content-type": "application/json" };
    const response = h.request("POST", `${path}?dryRun=All&fieldValidation=Strict&fieldManager=t`, undefined, {
      text,
      headers,
    });
    const body = JSON.parse(JSON.stringify(response.body?.type === "object" ? response.body.value : {}));
    const warnings = [response.headers["warning"] ?? []]
      .flat()
      .flatMap((line: string) => line.split(/, (?=299 )/))
      .map((line: string) =>
        line
          .replace(/^299 - "/, "")
          .replace(/"$/, "")
          .replaceAll('\\"', '"'),
      );
    const { apiVersion: _, kind: __, ...rest } = plain(body);
    expect({
      code: response.status,
      ...(warnings.length > 0 && { warnings }),
      ...(response.status < 300 ? { object: rest } : { message: plain(body.message) }),
    }).toEqual(answers[key]);
  });
});
