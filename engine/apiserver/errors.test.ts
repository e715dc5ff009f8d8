import { describe, expect, it } from "vitest";
import type { User } from "../api/user.ts";
import { bootedHarness, PODS, podOf } from "./testing.ts";

const bob: User = { name: "bob", groups: ["dev"] };
const kubelet: User = { name: "system:node:worker-1", groups: ["system:nodes"] };
const merge = { headers: { "content-type": "application/merge-patch+json" } };

interface Case {
  name: string;
  ask: Parameters<ReturnType<typeof bootedHarness>["json"]>;
  code: number;
  reason: string | undefined;
  message: string;
}

const cases: Case[] = [
  {
    name: "a list nobody allowed",
    ask: ["GET", PODS, undefined, { user: bob }],
    code: 403,
    reason: "Forbidden",
    message: 'pods is forbidden: User "bob" cannot list resource "pods" in API group "" in the namespace "default"',
  },
  {
    name: "a subresource nobody allowed",
    ask: ["GET", `${PODS}/x/log`, undefined, { user: bob }],
    code: 403,
    reason: "Forbidden",
    message:
      'pods "x" is forbidden: User "bob" cannot get resource "pods/log" in API group "" in the namespace "default"',
  },
  {
    name: "a cluster-wide list",
    ask: ["GET", "/apis/apps/v1/deployments", undefined, { user: bob }],
    code: 403,
    reason: "Forbidden",
    message:
      'deployments.apps is forbidden: User "bob" cannot list resource "deployments" in API group "apps" at the cluster scope',
  },
  {
    name: "a path",
    ask: ["GET", "/metrics", undefined, { user: bob }],
    code: 403,
    reason: "Forbidden",
    message: 'forbidden: User "bob" cannot get path "/metrics"',
  },
  {
    name: "a kubelet that looks at another's Secret",
    ask: ["GET", "/api/v1/namespaces/default/secrets/s", undefined, { user: kubelet }],
    code: 403,
    reason: "Forbidden",
    message:
      'secrets "s" is forbidden: User "system:node:worker-1" cannot get resource "secrets" in API group "" in the namespace "default": no relationship found between node \'worker-1\' and this object',
  },
  {
    name: "an object that is not there",
    ask: ["GET", "/apis/apps/v1/namespaces/default/deployments/x"],
    code: 404,
    reason: "NotFound",
    message: 'deployments.apps "x" not found',
  },
  {
    name: "a namespace that is not there",
    ask: ["POST", "/api/v1/namespaces/nope/configmaps", { metadata: { name: "x" } }],
    code: 404,
    reason: "NotFound",
    message: 'namespaces "nope" not found',
  },
  {
    name: "a name twice",
    ask: ["POST", PODS, podOf("web")],
    code: 409,
    reason: "AlreadyExists",
    message: 'pods "web" already exists',
  },
  {
    name: "an unknown field, strictly",
    ask: ["POST", `${PODS}?fieldValidation=Strict`, podOf("x", { spec: { foo: 1 } })],
    code: 400,
    reason: "BadRequest",
    message: 'Pod in version "v1" cannot be handled as a Pod: strict decoding error: unknown field "spec.foo"',
  },
  {
    name: "a value of the wrong type",
    ask: ["POST", PODS, podOf("x", { spec: { containers: "c" } })],
    code: 400,
    reason: "BadRequest",
    message:
      'Pod in version "v1" cannot be handled as a Pod: json: cannot unmarshal string into Go struct field PodSpec.spec.containers of type []v1.Container',
  },
  {
    name: "another version",
    ask: ["POST", PODS, { ...podOf("x"), apiVersion: "v2" }],
    code: 400,
    reason: "BadRequest",
    message:
      'Pod in version "v2" cannot be handled as a Pod: no kind "Pod" is registered for version "v2" in scheme "k8s.io/kubernetes/pkg/api/legacyscheme/scheme.go:30"',
  },
  {
    name: "another namespace",
    ask: ["POST", PODS, podOf("x", { metadata: { namespace: "kube-system" } })],
    code: 400,
    reason: "BadRequest",
    message: "the namespace of the provided object does not match the namespace sent on the request",
  },
  {
    name: "a resourceVersion on creation",
    ask: ["POST", PODS, podOf("x", { metadata: { resourceVersion: "1" } })],
    code: 500,
    reason: undefined,
    message: "resourceVersion should not be set on objects to be created",
  },
  {
    name: "a ServiceAccount that is not there",
    ask: ["POST", PODS, podOf("x", { spec: { serviceAccountName: "nope" } })],
    code: 403,
    reason: "Forbidden",
    message: 'pods "x" is forbidden: error looking up service account default/nope: serviceaccount "nope" not found',
  },
  {
    name: "a PriorityClass that is not there",
    ask: ["POST", PODS, podOf("x", { spec: { priorityClassName: "nope" } })],
    code: 403,
    reason: "Forbidden",
    message: 'pods "x" is forbidden: no PriorityClass with name nope was found',
  },
  {
    name: "a system namespace",
    ask: ["DELETE", "/api/v1/namespaces/kube-system"],
    code: 403,
    reason: "Forbidden",
    message: 'namespaces "kube-system" is forbidden: this namespace may not be deleted',
  },
  {
    name: "another's version",
    ask: ["PATCH", `${PODS}/web`, { metadata: { resourceVersion: "1" } }, merge],
    code: 409,
    reason: "Conflict",
    message:
      'Operation cannot be fulfilled on pods "web": the object has been modified; please apply your changes to the latest version and try again',
  },
  {
    name: "another's uid",
    ask: ["DELETE", `${PODS}/web`, { preconditions: { uid: "1" } }],
    code: 409,
    reason: "Conflict",
    message: expect.stringMatching(
      /^Operation cannot be fulfilled on Pod "web": the UID in the precondition \(1\) does not match the UID in record \(.*\)\. The object might have been deleted and then recreated$/,
    ) as unknown as string,
  },
  {
    name: "a field nobody selects by",
    ask: ["GET", `${PODS}?fieldSelector=foo%3Dbar`],
    code: 400,
    reason: "BadRequest",
    message: "field label not supported: foo",
  },
  {
    name: "a dry run of another kind",
    ask: ["POST", `${PODS}?dryRun=Some`, podOf("x")],
    code: 422,
    reason: "Invalid",
    message:
      'CreateOptions.meta.k8s.io "" is invalid: dryRun: Unsupported value: []string{"Some"}: supported values: "All"',
  },
  {
    name: "logs of one of several containers",
    ask: ["GET", `${PODS}/two/log`],
    code: 400,
    reason: "BadRequest",
    message: "a container name must be specified for pod two, choose one of: [a b]",
  },
  {
    name: "logs of a container that is not there",
    ask: ["GET", `${PODS}/web/log?container=x`],
    code: 400,
    reason: "BadRequest",
    message: "container x is not valid for pod web",
  },
  {
    name: "exec into a Pod without a node",
    ask: ["POST", `${PODS}/web/exec?command=ls&stdout=true`],
    code: 400,
    reason: "BadRequest",
    message: "pod web does not have a host assigned",
  },
  {
    name: "a token that lives too short",
    ask: ["POST", "/api/v1/namespaces/default/serviceaccounts/default/token", { spec: { expirationSeconds: 60 } }],
    code: 422,
    reason: "Invalid",
    message:
      'TokenRequest.authentication.k8s.io "" is invalid: spec.expirationSeconds: Invalid value: 60: may not specify a duration less than 10 minutes',
  },
];

describe("failures in upstream's words", () => {
  const h = bootedHarness();
  h.json("POST", PODS, podOf("web"));
  const two = [
    { name: "a", image: "x" },
    { name: "b", image: "x" },
  ];
  h.json("POST", PODS, podOf("two", { spec: { containers: two } }));

  it.each(cases)("$name", ({ ask, code, reason, message }) => {
    const status = h.json(...ask);
    expect(status).toMatchObject({ kind: "Status", apiVersion: "v1", status: "Failure", code });
    expect(status.message).toEqual(message);
    expect(status.reason).toBe(reason);
    expect(h.kernel.faults).toEqual([]);
  });

  it("gives Go's plain page for a path that nobody serves", () => {
    for (const path of ["/foo", "/apis/nope", "/apis/nope/v1/things/x"]) {
      const { status, body } = h.request("GET", path);
      expect([path, status, new TextDecoder().decode((body as { bytes: Uint8Array }).bytes)]).toEqual([
        path,
        404,
        "404 page not found\n",
      ]);
    }
  });
});
