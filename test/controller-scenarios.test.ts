import { describe, expect, test } from "vitest";
import { play, type Scenario } from "./scenario.ts";

/** Shell functions that the scripts share: workloads with an image `c`, and which Pod runs which. */
const PRELUDE = `
workload() { cat > $2.yaml <<Y
apiVersion: apps/v1
kind: $1
metadata: {name: $2}
spec:
  selector: {matchLabels: {app: $2}}
$3
  template:
    metadata: {labels: {app: $2}}
    spec: {terminationGracePeriodSeconds: 1, containers: [{name: c, image: "nginx:1.25"}]}
Y
kubectl apply -f $2.yaml; kubectl rollout status -f $2.yaml | tail -1; }
images() { kubectl get pods -l app=$1 -o custom-columns=N:.metadata.name,I:.spec.containers[0].image --no-headers; }
`;

const SCENARIOS: readonly Scenario[] = [
  {
    name: "signers of kubelets' certificates say why they do not sign",
    script: `openssl req -new -newkey rsa:2048 -nodes -keyout k.pem -subj "/O=devs/CN=jane" -out r.csr 2>/dev/null
for signer in kubelet-serving kube-apiserver-client; do for usage in "client auth" "code signing"; do
cat <<Y | kubectl create -f - >/dev/null
apiVersion: certificates.k8s.io/v1
kind: CertificateSigningRequest
metadata: {name: "$signer-\${usage% *}"}
spec: {request: $(base64 -w0 < r.csr), signerName: kubernetes.io/$signer, usages: ["$usage"]}
Y
kubectl certificate approve "$signer-\${usage% *}" >/dev/null; done; done; sleep 3
kubectl get csr -o jsonpath='{range .items[*]}{.metadata.name} {.status.conditions[?(@.type=="Failed")].reason} {.status.conditions[?(@.type=="Failed")].message}{"\\n"}{end}'`,
    expect: [
      /^kube-apiserver-client-client *$/,
      /^kube-apiserver-client-code +SignerValidationFailure +invalid usage for client certificate: code signing$/,
      /^kubelet-serving-client +SignerValidationFailure +subject organization is not system:nodes$/,
    ],
  },
  {
    name: "a StatefulSet's partition counts from its first ordinal",
    script: `workload StatefulSet web '
  serviceName: web
  replicas: 4
  ordinals: {start: 2}
  updateStrategy: {rollingUpdate: {partition: 2}}'
kubectl set image sts/web c=nginx:1.26; kubectl rollout status sts/web | tail -1; sleep 10; images web
kubectl get sts web -o jsonpath='{.status.currentReplicas}+{.status.updatedReplicas}, {.status.readyReplicas} ready{"\\n"}'`,
    expect: [
      "partitioned roll out complete: 4 new pods have been updated...",
      "partitioned roll out complete: 2 new pods have been updated...",
      /^web-2 +nginx:1.25$/,
      /^web-3 +nginx:1.25$/,
      /^web-4 +nginx:1.26$/,
      /^web-5 +nginx:1.26$/,
      "2+2, 4 ready",
    ],
  },
  {
    name: "a StatefulSet that is made again takes the Pods and the history of the one that was let go",
    script: `workload StatefulSet web '
  serviceName: web
  replicas: 2'
kubectl set image sts/web c=nginx:1.26; kubectl rollout status sts/web >/dev/null; kubectl rollout undo sts/web; kubectl rollout status sts/web >/dev/null
kubectl delete sts web --cascade=orphan; sleep 1
kubectl get controllerrevisions -o jsonpath='{range .items[*]}{.metadata.name}={.metadata.ownerReferences}{"\\n"}{end}'
kubectl get pod web-0 -o jsonpath='{.metadata.uid}' > uid; kubectl apply -f web.yaml; sleep 2
[ $(cat uid) = $(kubectl get pod web-0 -o jsonpath='{.metadata.uid}') ] && echo the same Pod
kubectl get controllerrevisions; kubectl rollout history sts/web
kubectl delete sts web; sleep 2; kubectl get controllerrevisions`,
    expect: [
      /^web-\w+=$/,
      /^web-\w+=$/,
      "the same Pod",
      /^web-\w+ +statefulset.apps\/web +3 /,
      /^web-\w+ +statefulset.apps\/web +2 /,
      /^2 /,
      /^3 /,
      "No resources found in default namespace.",
    ],
  },
  {
    // pkg/controller/tainteviction/taint_eviction_test.go: TestUpdateNode, TestCreateNode.
    name: "a Pod has the seconds of its first toleration from when a taint is noticed; without the taint it stays",
    script: `run() { kubectl run $1 --image=nginx --overrides='{"spec":{"nodeName":"worker-1","tolerations":['"$2"']}}' >/dev/null; }
run none ''; run ten '{"key":"k","operator":"Exists","effect":"NoExecute","tolerationSeconds":10}'; run ever '{"key":"k","operator":"Exists"}'; run first '{"key":"k","operator":"Exists"},{"key":"k","operator":"Exists","effect":"NoExecute","tolerationSeconds":1}'
kubectl wait --for=condition=ready pod --all >/dev/null; names() { kubectl get pods -o name | xargs; }
kubectl taint node worker-1 k=v:NoExecute >/dev/null; sleep 4; names; sleep 10; names
kubectl taint node worker-1 k- >/dev/null; run ten '{"key":"k","operator":"Exists","effect":"NoExecute","tolerationSeconds":10}'; kubectl wait --for=condition=ready pod/ten >/dev/null
kubectl taint node worker-1 k=v:NoExecute >/dev/null; sleep 3; kubectl taint node worker-1 k- >/dev/null; sleep 10; names
kubectl get events --field-selector reason=TaintManagerEviction -o jsonpath='{range .items[*]}{.message}{"\\n"}{end}' | sort`,
    expect: [
      "pod/ever pod/first pod/ten",
      /^pod\/ever pod\/first$/,
      "pod/ever pod/first pod/ten",
      "Cancelling deletion of Pod default/ten",
      "Marking for deletion Pod default/none",
      "Marking for deletion Pod default/ten",
    ],
  },
  {
    name: "a StatefulSet's Pod that has failed is made again without a word",
    script: `workload StatefulSet web '
  serviceName: web
  replicas: 1'
kubectl patch pod web-0 --subresource=status -p '{"status":{"phase":"Failed"}}'; sleep 5
kubectl get pods -l app=web; kubectl get events --field-selector involvedObject.kind=StatefulSet -o custom-columns=R:.reason --no-headers | sort -u`,
    expect: [/^web-0 +1\/1 +Running +0 /, "SuccessfulCreate", "SuccessfulDelete"],
    never: [/Recreating/],
  },
  {
    name: "a DaemonSet adopts Pods that match, and lets those go that no longer do",
    script: `workload DaemonSet agent; kubectl get pods -l app=agent -o name | sort > before
kubectl delete ds agent --cascade=orphan; kubectl apply -f agent.yaml; sleep 3
kubectl get pods -l app=agent -o name | sort | diff before - && echo the same three; kubectl get ds agent --no-headers
pod=$(head -1 before); kubectl label $pod app=mine --overwrite; sleep 4
kubectl get $pod -o jsonpath='owners:{.metadata.ownerReferences}{"\\n"}'; kubectl get ds agent --no-headers; kubectl get pods --no-headers | wc -l`,
    expect: ["the same three", /^agent +3 +3 +3 +3 +3 /, /^owners:$/, /^agent +3 +3 +3 +3 +3 /, /^4$/],
  },
  {
    name: "a CronJob tells each step once",
    script: `kubectl apply -f - <<'Y'
apiVersion: batch/v1
kind: CronJob
metadata: {name: long}
spec:
  schedule: "* * * * *"
  concurrencyPolicy: Replace
  jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: c, image: busybox, command: [sleep, "999"]}]}}}}
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: short}
spec:
  schedule: "* * * * *"
  successfulJobsHistoryLimit: 1
  jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: c, image: busybox, command: [echo, hi]}]}}}}
Y
sleep 170; kubectl describe cj long short | grep -E '^  (Normal|Warning)'`,
    expect: [
      /SuccessfulCreate +\S+ +cronjob-controller +Created job long-/,
      /SuccessfulDelete +\S+ +cronjob-controller +Deleted job long-/,
      /SawCompletedJob +\S+ +cronjob-controller +Saw completed job: short-\d+, condition: Complete/,
    ],
    never: [/MissingJob/, /SawCompletedJob.*\(x/],
  },
  {
    name: "schedules with a zone are refused for the zone only",
    script: `kubectl create cronjob z --image=busybox --schedule='CRON_TZ=Asia/Seoul 0 3 * * *'
kubectl create cronjob z --image=busybox --schedule='TZ=Mars/Base 0 3 * * *'`,
    expect: [
      /cannot use TZ or CRON_TZ in schedule, use timeZone field instead$/,
      "provided bad location Mars/Base: unknown time zone Mars/Base",
    ],
    never: [/expected exactly 5 fields/],
  },
];

describe("workload controllers", () => {
  test.each(SCENARIOS)("$name", (scenario) => {
    expect(play(scenario, PRELUDE)).toEqual([]);
  });
});
