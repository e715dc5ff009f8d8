import { describe, expect, test } from "vitest";
import { play, type Scenario } from "./scenario.ts";

/**
 * Kubernetes' conformance tests of 1.32 (test/conformance/testdata/conformance.yaml) as a learner could run them: what
 * each asserts, by kubectl. Names are those of conformance.yaml without "should" and the mark.
 */
const PRELUDE = `
AG=registry.k8s.io/e2e-test-images/agnhost:2.53
pod() { printf 'apiVersion: v1\\nkind: Pod\\nmetadata: { name: %s }\\nspec: %s\\n' "$1" "$2" | kubectl apply -f - 2>&1 >/dev/null; }
of() { kubectl get "$1" "$2" -o jsonpath="$3"; echo; }
count() { kubectl get pods -l "$1" --no-headers 2>/dev/null | wc -l; }
job() { printf 'apiVersion: batch/v1\\nkind: Job\\nmetadata: { name: %s }\\nspec: { %s, template: { spec: { restartPolicy: %s, containers: [ { name: c, image: busybox, command: [sh, -c, "%s"] } ] } } }\\n' "$1" "$2" "$3" "$4" | kubectl apply -f - >/dev/null; }
conditions() { of "$1" "$2" '{range .status.conditions[*]}{.type}={.status} {.reason}; {end}'; }
`;

const SCENARIOS: readonly Scenario[] = [
  {
    // test/e2e/apps/replica_set.go, rc.go: adopt matching pods on creation and release no longer matching pods; surface a
    // failure condition on a common issue like exceeded quota.
    name: "[sig-apps] ReplicaSet and ReplicationController: adoption, release, a condition for what quota forbids",
    script: `rs() { printf 'apiVersion: apps/v1\\nkind: ReplicaSet\\nmetadata: { name: %s }\\nspec: { replicas: %s, selector: { matchLabels: { name: %s } }, template: { metadata: { labels: { name: %s } }, spec: { containers: [ { name: c, image: nginx } ] } } }\\n' $1 $2 $1 $1 | kubectl apply -f - >/dev/null; }
kubectl run adopted --image=nginx --labels=name=keep >/dev/null; rs keep 1; sleep 4
of pod adopted '{.metadata.ownerReferences[0].kind} {.metadata.ownerReferences[0].name} {.metadata.ownerReferences[0].controller}'; count name=keep
kubectl label pod adopted name=gone --overwrite >/dev/null; sleep 3; of pod adopted 'left [{.metadata.ownerReferences}]'; count name=keep
kubectl create quota two --hard=pods=3 >/dev/null; sleep 1; rs over 3; sleep 4; conditions rs over; kubectl scale rs over --replicas=1 >/dev/null; sleep 5; of rs over 'now [{.status.conditions}]'`,
    expect: ["ReplicaSet keep true", /^1$/, "left []", /^1$/, "ReplicaFailure=True FailedCreate", "now []"],
  },
  {
    // test/e2e/apps/deployment.go: support proportional scaling; delete old replica sets; RecreateDeployment; Deployment
    // has a working scale subresource; run the lifecycle of a Deployment.
    name: "[sig-apps] Deployment: proportional scaling, history, Recreate, scale and status subresources",
    script: `kubectl create deploy web --image=nginx --replicas=10 >/dev/null; kubectl patch deploy web -p '{"spec":{"strategy":{"rollingUpdate":{"maxSurge":3,"maxUnavailable":2}}}}' >/dev/null; kubectl rollout status deploy web >/dev/null
sizes() { kubectl get rs -l app=web -o jsonpath='{range .items[*]}{.spec.replicas} {.metadata.annotations.deployment\\.kubernetes\\.io/max-replicas}{"\\n"}{end}' | sort -n; }
kubectl set image deploy web nginx=webserver:404 >/dev/null; sleep 15; sizes; of deploy web 'available {.status.availableReplicas}'; kubectl scale deploy web --replicas=30 >/dev/null; sleep 10; sizes
kubectl patch deploy web -p '{"spec":{"revisionHistoryLimit":0,"replicas":1}}' >/dev/null; kubectl set image deploy web nginx=httpd >/dev/null; kubectl rollout status deploy web >/dev/null; sleep 4; kubectl get rs -l app=web --no-headers | wc -l
kubectl get --raw /apis/apps/v1/namespaces/default/deployments/web/scale | grep -o '"spec":{"replicas":1}'; kubectl patch deploy web --subresource=scale --type=merge -p '{"spec":{"replicas":2}}' -o jsonpath='scaled {.spec.replicas}{"\\n"}'
kubectl patch deploy web -p '{"spec":{"strategy":{"type":"Recreate","rollingUpdate":null}}}' >/dev/null; kubectl rollout status deploy web >/dev/null; kubectl get pods -l app=web -w --no-headers > /tmp/w & W=$!; sleep 1; kubectl set image deploy web httpd=nginx nginx=nginx >/dev/null; kubectl rollout status deploy web >/dev/null; kill $W
awk '{ print $3 }' /tmp/w | uniq | tr '\\n' ' '; echo`,
    expect: [
      /^5 13$/,
      /^8 13$/,
      "available 8",
      /^13 33$/,
      /^20 33$/,
      /^1$/,
      '"spec":{"replicas":1}',
      "scaled 2",
      /^Running Terminating Completed Pending ContainerCreating Running $/,
    ],
  },
  {
    // test/e2e/apps/job.go: adopt matching orphans and release non-matching pods; execute all indexes despite some failing
    // when using backoffLimitPerIndex; terminate job execution when the number of failed indexes exceeds maxFailedIndexes;
    // fail the job when its pod matches FailJob; succeededIndexes in successPolicy; delete pods when suspended; deadlines.
    name: "[sig-apps] Job: orphans, indexes and their failures, policies, suspension, deadlines",
    script: `job own "parallelism: 2, completions: 4" Never "sleep 1000"; sleep 4; p=$(kubectl get pod -l job-name=own -o name | head -n 1)
kubectl patch $p --type=merge -p '{"metadata":{"ownerReferences":null}}' >/dev/null; sleep 3; kubectl get $p -o jsonpath='{.metadata.ownerReferences[0].name}{"\\n"}'
kubectl label $p batch.kubernetes.io/job-name- job-name- batch.kubernetes.io/controller-uid- controller-uid- >/dev/null; sleep 3; kubectl get $p -o jsonpath='left [{.metadata.ownerReferences}]{"\\n"}'; count job-name=own
job idx "completionMode: Indexed, parallelism: 2, completions: 4" Never 'echo index $JOB_COMPLETION_INDEX'; kubectl wait --for=condition=complete job/idx >/dev/null; of job idx '{.status.completedIndexes} {.status.succeeded}'; kubectl logs -l job-name=idx --tail=-1 | sort | tail -n 1
job per "completionMode: Indexed, parallelism: 2, completions: 4, backoffLimitPerIndex: 1" Never 'exit $(( JOB_COMPLETION_INDEX % 2 ))'; job many "completionMode: Indexed, parallelism: 10, completions: 10, backoffLimitPerIndex: 0, maxFailedIndexes: 4" Never "exit 1"
job sus "suspend: true, parallelism: 2, completions: 2" Never "sleep 300"; job late "activeDeadlineSeconds: 1" Never "sleep 100"; job often "backoffLimit: 2" OnFailure "exit 1"
job pol "podFailurePolicy: { rules: [ { action: FailJob, onExitCodes: { operator: In, values: [42] } } ] }" Never "exit 42"; job suc "parallelism: 3, completions: 3, completionMode: Indexed, successPolicy: { rules: [ { succeededIndexes: '0', succeededCount: 1 } ] }" Never 'test $JOB_COMPLETION_INDEX = 0 || sleep 1000'
sleep 4; conditions job sus; count job-name=sus; kubectl patch job sus -p '{"spec":{"suspend":false}}' >/dev/null; sleep 4; conditions job sus; count job-name=sus; kubectl patch job sus -p '{"spec":{"suspend":true}}' >/dev/null; sleep 75; count job-name=sus
of job per '{.status.completedIndexes}|{.status.failedIndexes}|{.status.failed}'; for j in per many late often pol suc; do echo "$j: $(conditions job $j)"; done`,
    expect: [
      /^own$/,
      "left []",
      /^2$/,
      /^0-3 4$/,
      "index 3",
      "Suspended=True JobSuspended",
      /^0$/,
      "Suspended=False JobResumed",
      /^2$/,
      /^0$/,
      "0,2|1,3|4",
      "per: FailureTarget=True FailedIndexes; Failed=True FailedIndexes;",
      "many: FailureTarget=True MaxFailedIndexesExceeded; Failed=True MaxFailedIndexesExceeded;",
      "late: FailureTarget=True DeadlineExceeded; Failed=True DeadlineExceeded;",
      "often: FailureTarget=True BackoffLimitExceeded; Failed=True BackoffLimitExceeded;",
      "pol: FailureTarget=True PodFailurePolicy; Failed=True PodFailurePolicy;",
      "suc: SuccessCriteriaMet=True SuccessPolicy; Complete=True SuccessPolicy;",
    ],
  },
  {
    // test/e2e/apps/cronjob.go: not schedule new jobs when ForbidConcurrent; replace jobs when ReplaceConcurrent; schedule
    // multiple jobs concurrently; not schedule jobs when suspended. test/e2e/apps/disruption.go: block an eviction until
    // the PDB is updated to allow it.
    name: "[sig-apps] CronJob: what happens when the last run goes on; DisruptionController: an eviction that waits for its budget",
    script: `for p in Forbid Replace Allow; do kubectl create cronjob c\${p,,} --image=busybox --schedule='*/1 * * * *' -- sleep 300 >/dev/null; kubectl patch cronjob c\${p,,} -p "{\\"spec\\":{\\"concurrencyPolicy\\":\\"$p\\"}}" >/dev/null; done; sleep 150
for p in forbid replace allow; do echo "$p $(kubectl get jobs -o name | grep -c "/c$p-") $(kubectl get cronjob c$p -o jsonpath='{.status.active[*].name}' | wc -w)"; done
kubectl patch cronjob callow -p '{"spec":{"suspend":true}}' >/dev/null; n=$(kubectl get jobs -o name | grep -c callow); sleep 100; [ $n = $(kubectl get jobs -o name | grep -c callow) ] && echo suspended
kubectl create deploy d --image=nginx --replicas=3 >/dev/null; kubectl create pdb foo --selector=app=d --min-available=3 >/dev/null; kubectl rollout status deploy d >/dev/null; sleep 2
of pdb foo '{.status.currentHealthy} {.status.desiredHealthy} {.status.expectedPods} {.status.disruptionsAllowed} {.status.conditions[0].reason}'
p=$(kubectl get pod -l app=d -o jsonpath='{.items[0].metadata.name}'); echo "{\\"apiVersion\\":\\"policy/v1\\",\\"kind\\":\\"Eviction\\",\\"metadata\\":{\\"name\\":\\"$p\\",\\"namespace\\":\\"default\\"}}" > /tmp/e.json
kubectl create --raw /api/v1/namespaces/default/pods/$p/eviction -f /tmp/e.json; kubectl patch pdb foo -p '{"spec":{"minAvailable":2}}' >/dev/null; sleep 2; kubectl create --raw /api/v1/namespaces/default/pods/$p/eviction -f /tmp/e.json | grep -o '"status":"Success"'`,
    expect: [
      "forbid 1 1",
      "replace 1 1",
      /^allow (2 2|3 3)$/,
      "suspended",
      "3 3 3 0 InsufficientPods",
      "Cannot evict pod as it would violate the pod's disruption budget.",
      '"status":"Success"',
    ],
  },
  {
    // test/e2e/network/service.go: serve a basic endpoint from pods; change the type from ExternalName to ClusterIP and
    // NodePort, and back; have session affinity timeout work, be able to switch it; complete a service status lifecycle.
    // test/e2e/network/endpointslicemirroring.go: mirror a custom Endpoints resource through create update and delete.
    name: "[sig-network] Services: endpoints, types, affinity, status; EndpointSliceMirroring",
    script: `kubectl create service clusterip test2 --tcp=80:80 >/dev/null; members() { of ep test2 'members [{.subsets[*].addresses[*].targetRef.name}]'; }
for p in pod1 pod2; do kubectl run $p --image=$AG --labels=app=test2 -- netexec --http-port 80 >/dev/null; kubectl wait --for=condition=ready pod/$p >/dev/null; sleep 1; members; done; kubectl delete pod pod1 pod2 >/dev/null; sleep 1; members
patch() { kubectl patch svc $1 -p "$2" -o jsonpath='{.spec.type} {.spec.clusterIP} {.spec.ports[0].nodePort}{"\\n"}' | sed 's/10.201[0-9.]*/IP/; s/ 3[0-9]*$/ PORT/'; }
patch test2 '{"spec":{"type":"NodePort"}}'; patch test2 '{"spec":{"type":"ExternalName","externalName":"x.default.svc.cluster.local"}}' | sed 's/ *$/ nothing/'; patch test2 '{"spec":{"type":"ClusterIP","externalName":null}}' | sed 's/ *$/ again/'
kubectl create deploy aff --image=$AG --replicas=3 -- /agnhost serve-hostname --port=9376 >/dev/null; kubectl expose deploy aff --port=80 --target-port=9376 --session-affinity=ClientIP >/dev/null; kubectl patch svc aff -p '{"spec":{"sessionAffinityConfig":{"clientIP":{"timeoutSeconds":18}}}}' >/dev/null
kubectl rollout status deploy aff >/dev/null; kubectl run ex --image=$AG -- pause >/dev/null; kubectl wait --for=condition=ready pod/ex >/dev/null; sleep 2; ask() { kubectl exec ex -- curl -s http://aff; echo; }
for i in 1 2 3 4 5 6 7 8; do ask; done | sort -u | wc -l; for i in 1 2 3 4 5 6; do sleep 20; ask; done | sort -u | wc -l; kubectl patch svc aff -p '{"spec":{"sessionAffinity":"None","sessionAffinityConfig":null}}' >/dev/null; sleep 2; for i in 1 2 3 4 5 6 7 8 9 10; do ask; done | sort -u | wc -l
kubectl create service loadbalancer lb --tcp=80 >/dev/null; kubectl patch svc lb --subresource=status --type=merge -p '{"status":{"loadBalancer":{"ingress":[{"ip":"203.0.113.1"}]}}}' -o jsonpath='{.status.loadBalancer.ingress[0].ip}{"\\n"}'
printf 'apiVersion: v1\\nkind: Service\\nmetadata: { name: custom }\\nspec: { ports: [ { name: e, port: 80 } ] }\\n---\\napiVersion: v1\\nkind: Endpoints\\nmetadata: { name: custom }\\nsubsets: [ { ports: [ { name: e, port: 80 } ], addresses: [ { ip: 10.1.2.3 } ] } ]\\n' | kubectl apply -f - >/dev/null
mirror() { sleep 2; kubectl get endpointslice -l kubernetes.io/service-name=custom -o jsonpath='mirror [{.items[*].endpoints[*].addresses[0]} {.items[*].ports[0].port}]{"\\n"}'; }
mirror; kubectl patch ep custom -p '{"subsets":[{"ports":[{"name":"e","port":81}],"addresses":[{"ip":"10.2.3.4"}]}]}' >/dev/null; mirror; kubectl delete ep custom >/dev/null; mirror`,
    expect: [
      "members [pod1]",
      /^members \[(pod1 pod2|pod2 pod1)\]$/,
      "members []",
      "NodePort IP PORT",
      "ExternalName nothing",
      "ClusterIP IP again",
      /^1$/,
      /^[23]$/,
      /^3$/,
      "203.0.113.1",
      "mirror [10.1.2.3 80]",
      "mirror [10.2.3.4 81]",
      "mirror [ ]",
    ],
  },
  {
    // test/e2e/network/proxy.go: proxy through a service and a pod; A set of valid responses are returned for both pod and
    // service Proxy. test/e2e/network/hostport.go: no conflict between pods with same hostPort but different hostIP and protocol.
    name: "[sig-network] Proxy: Pods and Services through the API server; HostPort: one port, several addresses and protocols",
    script: `kubectl run px --image=$AG --port=80 -- netexec --http-port=80 >/dev/null; kubectl wait --for=condition=ready pod/px >/dev/null; kubectl expose pod px --port=80 >/dev/null; sleep 1
for u in pods/px/proxy/hostname 'pods/http:px:80/proxy/echo?msg=hi' pods/px:81/proxy/ services/http:px:80/proxy/hostname services/px:81/proxy/ services/nope/proxy/ services/a:b:c:d/proxy/ services/kubernetes/proxy/ pods/px/proxy; do kubectl get --raw /api/v1/namespaces/default/$u 2>&1; echo; done
kubectl get --raw /api/v1/nodes/worker-1:10250/proxy/healthz; echo; (kubectl proxy --port=8001 >/dev/null &); sleep 1; curl -si localhost:8001/api/v1/namespaces/default/services/px/proxy | grep -E '^(HTTP|Location)' | tr -d '\\r'; curl -s -X POST -d x 'localhost:8001/api/v1/namespaces/default/pods/px/proxy/echo?msg=posted'; echo
kubectl get --raw /api/v1/namespaces/default/services/px/proxy/ --as=bob 2>&1
for i in 1 2 3; do case $i in 1) ip=127.0.0.1 pr=TCP;; 2) ip=192.168.108.21 pr=TCP;; 3) ip=192.168.108.21 pr=UDP;; esac
pod hp$i "{ nodeName: worker-1, containers: [ { name: c, image: $AG, args: [netexec, --http-port=8080, --udp-port=8080], ports: [ { hostPort: 54323, containerPort: 8080, protocol: $pr, hostIP: $ip } ] } ] }"; done; kubectl wait --for=condition=ready pod/hp1 pod/hp2 pod/hp3 >/dev/null
ssh worker-1 'curl -s -m 5 http://127.0.0.1:54323/hostname; echo; curl -s -m 5 http://192.168.108.21:54323/hostname; echo; echo hostname | nc -u -w 1 192.168.108.21 54323; echo'`,
    expect: [
      /^px$/,
      /^hi$/,
      /error trying to reach service: dial tcp 10\.200\.\d+\.\d+:81: connect: connection refused/,
      /^px$/,
      'Error from server (ServiceUnavailable): no service port 81 found for service "px"',
      'Error from server (NotFound): services "nope" not found',
      'Error from server (BadRequest): invalid service request "a:b:c:d"',
      'Error from server (ServiceUnavailable): no endpoints available for service "kubernetes"',
      "NOW: ",
      /^ok$/,
      "HTTP/1.1 301 Moved Permanently",
      "Location: /api/v1/namespaces/default/services/px/proxy/",
      /^posted$/,
      'services "px" is forbidden: User "bob" cannot get resource "services/proxy"',
      /^hp1$/,
      /^hp2$/,
      /^hp3$/,
    ],
  },
  {
    // test/e2e/common/node/expansion.go: composing env vars, substitution in commands and subpaths, fail with an absolute
    // path. runtime.go: termination messages. init_container.go: RestartNever and RestartAlways with a failing init
    // container. sysctl.go: support, reject invalid, not launch unsafe. security_context.go; pods.go; projected volumes.
    name: "[sig-node] Variables, termination messages, init containers, sysctls, users; [sig-storage] projected volumes",
    script: `pod exp '{ restartPolicy: Never, containers: [ { name: c, image: busybox, command: [sh, -c, "env | grep ^FOOBAR; echo $(FOO)"], env: [ { name: FOO, value: foo }, { name: FOOBAR, value: "$(FOO);;$$(FOO);;$(NO)" } ] } ] }'
pod sub '{ restartPolicy: Never, volumes: [ { name: v, emptyDir: {} } ], containers: [ { name: c, image: busybox, command: [sh, -c, "touch /logs/x; ls /all/sub"], env: [ { name: P, valueFrom: { fieldRef: { fieldPath: metadata.name } } } ], volumeMounts: [ { name: v, mountPath: /logs, subPathExpr: "$(P)" }, { name: v, mountPath: /all } ] } ] }'
for p in /abs a/../b; do pod bad$(echo $p | tr -cd a-z) "{ restartPolicy: Never, volumes: [ { name: v, emptyDir: {} } ], containers: [ { name: c, image: busybox, env: [ { name: P, value: $p } ], volumeMounts: [ { name: v, mountPath: /logs, subPathExpr: \\$(P) } ] } ] }"; done
pod tm1 '{ restartPolicy: Never, containers: [ { name: c, image: busybox, terminationMessagePath: /dev/custom, securityContext: { runAsUser: 1000 }, command: [sh, -c, "echo -n DONE > /dev/custom"] } ] }'; pod tm2 '{ restartPolicy: Never, containers: [ { name: c, image: busybox, terminationMessagePolicy: FallbackToLogsOnError, command: [sh, -c, "echo -n LOGGED; exit 1"] } ] }'
pod in1 '{ restartPolicy: Never, initContainers: [ { name: i1, image: busybox, command: ["false"] }, { name: i2, image: busybox, command: ["true"] } ], containers: [ { name: c, image: busybox, command: ["true"] } ] }'; pod in2 '{ initContainers: [ { name: i1, image: busybox, command: ["false"] } ], containers: [ { name: c, image: nginx } ] }'
pod sy1 '{ restartPolicy: Never, securityContext: { sysctls: [ { name: kernel/shm_rmid_forced, value: "1" } ] }, containers: [ { name: c, image: busybox, command: [sysctl, kernel.shm_rmid_forced] } ] }'; pod sy2 '{ restartPolicy: Never, securityContext: { sysctls: [ { name: kernel.msgmax, value: "1" } ] }, containers: [ { name: c, image: busybox } ] }'
pod sy3 '{ securityContext: { sysctls: [ { name: foo-, value: a }, { name: kernel.msgmax, value: a }, { name: kernel.msgmax, value: a } ] }, containers: [ { name: c, image: busybox } ] }'
pod ids '{ restartPolicy: Never, securityContext: { runAsUser: 1001, runAsGroup: 2002, fsGroup: 3003, supplementalGroups: [4004] }, containers: [ { name: c, image: busybox, command: ["id"] } ] }'
kubectl create cm pc --from-literal=a=1 >/dev/null; kubectl create secret generic ps --from-literal=b=2 >/dev/null
pod pj '{ restartPolicy: Never, volumes: [ { name: v, projected: { defaultMode: 256, sources: [ { configMap: { name: pc } }, { secret: { name: ps, items: [ { key: b, path: x/y, mode: 511 } ] } }, { downwardAPI: { items: [ { path: "n", fieldRef: { fieldPath: metadata.name } } ] } } ] } } ], containers: [ { name: c, image: busybox, command: [sh, -c, "cd /v; ls -lL a x/y | cut -c 1-10; cat a x/y n; echo"], volumeMounts: [ { name: v, mountPath: /v } ] } ] }'
sleep 30; kubectl logs exp; kubectl logs sub; for p in badabs badab; do of pod $p '{.status.containerStatuses[0].state.waiting.reason} {.status.containerStatuses[0].state.waiting.message}'; done
for p in tm1 tm2; do of pod $p '[{.status.containerStatuses[0].state.terminated.message}]' | tr -d '\\n'; done; echo; of pod in1 '{.status.phase} {.status.initContainerStatuses[1].state.waiting.reason}'; of pod in2 '{.status.phase} {.status.conditions[?(@.type=="Initialized")].message}'
kubectl logs sy1; of pod sy2 '{.status.phase} {.status.reason} {.status.message}'; kubectl logs ids; kubectl logs pj`,
    expect: [
      'spec.securityContext.sysctls[0].name: Invalid value: "foo-": must have at most 253 characters and match regex ^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$',
      'spec.securityContext.sysctls[2].name: Duplicate value: "kernel.msgmax"',
      "FOOBAR=foo;;$(FOO);;$(NO)",
      /^foo$/,
      /^x$/,
      "CreateContainerConfigError error SubPath `/abs` must not be an absolute path",
      "CreateContainerConfigError unable to provision SubPath `a/../b`: must not contain '..'",
      /^\[DONE\]\[LOGGED/,
      "Failed PodInitializing",
      "Pending containers with incomplete status: [i1]",
      "kernel.shm_rmid_forced = 1",
      'Failed SysctlForbidden Pod was rejected: forbidden sysctl: "kernel.msgmax" not allowlisted',
      "uid=1001 gid=2002 groups=2002,3003,4004",
      /^-r--------$/,
      /^-rwxrwxrwx$/,
      /^12pj$/,
    ],
  },
];

describe("conformance", () => {
  test.each(SCENARIOS)("$name", (scenario) => {
    expect(play(scenario, PRELUDE)).toEqual([]);
  });
});
