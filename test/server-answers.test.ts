import { readFileSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { KINDS } from "../engine/api/kinds.ts";
import { bootedHarness } from "../engine/apiserver/testing.ts";

/**
 * What kube-apiserver 1.32 answers to objects, recorded from it: defaults, complaints and warnings. To record anew, start
 * `kubectl proxy` for a cluster of that version with a default StorageClass local-path, and run this file with ANSWERS_FROM=http://127.0.0.1:8001.
 */
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

/** Where an object of a kind is made, and how it is sent. */
// biome-ignore lint/suspicious/noExplicitAny: see above
function pathOf(object: any): string {
  const [group, version] = object.apiVersion.includes("/") ? object.apiVersion.split("/") : ["", object.apiVersion];
  const { resource } = KINDS.find((one) => one.resource.kind === object.kind && one.resource.group === group)!;
  const base = group === "" ? `/api/${version}` : `/apis/${group}/${version}`;
  const path = `${base}${resource.namespaced ? "/namespaces/default" : ""}/${resource.resource}`;
  return `${path}?dryRun=All&fieldValidation=Strict&fieldManager=t`;
}

// biome-ignore lint/suspicious/noExplicitAny: JSON
function answerOf(code: number, warning: string, body: any): Answer {
  const warnings = warning
    .split(/, (?=299 )/)
    .filter(Boolean)
    .map((line) =>
      line
        .replace(/^299 - "/, "")
        .replace(/"$/, "")
        .replaceAll('\\"', '"'),
    );
  const { apiVersion: _, kind: __, ...object } = plain(body);
  return {
    code,
    ...(warnings.length > 0 && { warnings }),
    ...(code < 300 ? { object } : { message: plain(body.message) }),
  };
}

const FROM = process.env["ANSWERS_FROM"];
const SENT = { "content-type": "application/json" };

describe.runIf(FROM)("kube-apiserver", () => {
  it("is asked", async () => {
    const recorded: Record<string, Answer> = {};
    for (const object of objects) {
      const sent = { method: "POST", headers: SENT, body: JSON.stringify(object) };
      const response = await fetch(`${FROM}${pathOf(object)}`, sent);
      const answer = answerOf(response.status, response.headers.get("warning") ?? "", await response.json());
      recorded[`${object.kind}/${object.metadata.name}`] = answer;
    }
    const path = new URL("./server-answers/answers.json", import.meta.url);
    writeFileSync(path, `${JSON.stringify(recorded, null, 2)}\n`);
  });
});

describe.skipIf(FROM)("kube-apiserver's answers", () => {
  const h = bootedHarness();
  h.json("POST", "/api/v1/namespaces/default/serviceaccounts", { metadata: { name: "default" } });
  h.json("POST", "/apis/storage.k8s.io/v1/storageclasses", {
    metadata: { name: "local-path", annotations: { "storageclass.kubernetes.io/is-default-class": "true" } },
    provisioner: "rancher.io/local-path",
  });

  it.each(objects.map((object) => [`${object.kind}/${object.metadata.name}`, object] as const))("%s", (key, object) => {
    const response = h.request("POST", pathOf(object), undefined, { text: JSON.stringify(object), headers: SENT });
    const body = JSON.parse(JSON.stringify(response.body?.type === "object" ? response.body.value : {}));
    const warning = [response.headers["warning"] ?? []].flat().join(", ");
    expect(answerOf(response.status, warning, body)).toEqual(answers[key]);
  });
});
