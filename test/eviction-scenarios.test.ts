import { describe, expect, test } from "vitest";
import { play, type Scenario } from "./scenario.ts";

/** What the kubelet does when its node runs out of something, or a Pod takes more of the disk than it may. */
const PRELUDE = `on() { ssh "$1" "sudo bash -c '$2'" 2>&1; }
running() { kubectl wait --for=condition=Ready "$@" --timeout=60s >/dev/null; }
stress() { # NAME BYTES [LIMIT]
  kubectl apply -f - <<EOF
apiVersion: v1
kind: Pod
metadata: {name: $1}
spec:
  nodeName: worker-1
  containers:
  - name: stress
    image: polinux/stress
    command: [stress, --vm, "1", --vm-bytes, "$2", --vm-hang, "1"]
    resources: {limits: {memory: $3}}
EOF
}
`;

const SCENARIOS: readonly Scenario[] = [
  {
    name: "a full disk: pressure, a taint, Pods that go one after the other, and room again",
    script: `kubectl create deployment web --image=nginx --replicas=2 >/dev/null
kubectl rollout status deployment web >/dev/null
N=$(kubectl get pod -l app=web -o jsonpath='{.items[0].spec.nodeName}')
P=$(kubectl get pod -l app=web -o jsonpath='{.items[0].metadata.name}')
on $N "fallocate -l 15G /var/big; cp /var/big /var/more; cp /var/big /var/last; df -h / | tail -1"
sleep 40
kubectl describe node $N | grep -E "Taints|Pressure"
kubectl get pod $P -o jsonpath='{.status.phase} {.status.reason} {.status.message}{"\\n"}'
kubectl get pod $P -o jsonpath='{.status.conditions[0].type} {.status.conditions[0].reason}{"\\n"}'
kubectl get events --field-selector involvedObject.name=$P | grep Evicted
kubectl get deployment web
kubectl run here --image=nginx --overrides="{\\"spec\\":{\\"nodeName\\":\\"$N\\"}}"; sleep 2
kubectl get pod here; kubectl get pod here -o jsonpath='{.status.message}{"\\n"}'
on $N "journalctl -u kubelet | grep -c cannot.evict.a.critical.pod"
on $N "rm /var/big /var/more /var/last"
sleep 330
kubectl describe node $N | grep -E "Taints|Pressure"`,
    expect: [
      "cp: error copying '/var/big' to '/var/last': No space left on device",
      / 100% \/$/,
      /^Taints: +node.kubernetes.io\/disk-pressure:NoSchedule$/,
      / {2}MemoryPressure +False .* KubeletHasSufficientMemory +kubelet has sufficient memory available$/,
      / {2}DiskPressure +True .* KubeletHasDiskPressure +kubelet has disk pressure$/,
      / {2}PIDPressure +False .* KubeletHasSufficientPID +kubelet has sufficient PID available$/,
      /^Failed Evicted The node was low on resource: ephemeral-storage. Threshold quantity: \d+, available: \d+(Ki)?. Container nginx was using \d+(Ki)?, request is 0, has larger consumption of ephemeral-storage. $/,
      "DisruptionTarget TerminationByKubelet",
      /Warning +Evicted +pod\/web-.* The node was low on resource: ephemeral-storage/,
      /^web +2\/2 +2 +2 /,
      /^here +0\/1 +Evicted +0 /,
      /^Pod was rejected: The node had condition: \[DiskPressure\]. $/,
      /^[1-9]\d*$/,
      /^Taints: +<none>$/,
      / {2}DiskPressure +False .* KubeletHasNoDiskPressure +kubelet has no disk pressure$/,
    ],
  },
  {
    name: "little memory left: the Pod that takes most beyond its requests goes",
    script: `kubectl run calm --image=nginx --overrides='{"spec":{"nodeName":"worker-1"}}' >/dev/null
kubectl run hog --image=polinux/stress --overrides='{"spec":{"nodeName":"worker-1"}}' --command -- stress --vm 1 --vm-bytes 3350M --vm-hang 1 >/dev/null
stress modest 20M 30Mi; sleep 25
kubectl get pod hog -o jsonpath='{.status.reason}: {.status.message}{"\\n"}'
kubectl get pods calm modest --no-headers
kubectl get node worker-1 -o jsonpath='{.spec.taints[*].key}{"\\n"}'
kubectl get events --field-selector involvedObject.kind=Node | grep -E "EvictionThresholdMet|Insufficient"
kubectl run best-effort --image=nginx --overrides='{"spec":{"nodeName":"worker-1"}}' >/dev/null; stress burstable 20M 30Mi; sleep 5
kubectl get pods best-effort burstable --no-headers`,
    expect: [
      /^Evicted: The node was low on resource: memory. Threshold quantity: 100Mi, available: \d+Ki. Container hog was using \d+Ki, request is 0, has larger consumption of memory. $/,
      /^calm +1\/1 +Running/,
      /^modest +1\/1 +Running/,
      "node.kubernetes.io/memory-pressure",
      /Warning +EvictionThresholdMet +node\/worker-1 +Attempting to reclaim memory$/,
      /Normal +NodeHasInsufficientMemory +node\/worker-1 +Node worker-1 status is now: NodeHasInsufficientMemory$/,
      /^best-effort +0\/1 +Evicted/,
      /^burstable +1\/1 +Running/,
    ],
  },
  {
    name: "no memory left at once: the kernel kills, and the kubelet tells of it",
    script: `kubectl run all --image=polinux/stress --overrides='{"spec":{"nodeName":"worker-1"}}' --command -- stress --vm 1 --vm-bytes 8G --vm-hang 1 >/dev/null
stress much 200M 100Mi; sleep 6
kubectl get pods all much -o jsonpath='{range .items[*]}{.metadata.name} {.status.containerStatuses[0].lastState.terminated.reason}{"\\n"}{end}'
kubectl get events --field-selector involvedObject.name=worker-1 | grep SystemOOM | head -1
on worker-1 "dmesg | grep -i killed.process | grep stress"`,
    expect: [
      "all OOMKilled",
      "much OOMKilled",
      /Warning +SystemOOM +node\/worker-1 +System OOM encountered, victim process: stress, pid: \d+$/,
      /Out of memory: Killed process \d+ \(stress\) total-vm:\d+kB, anon-rss:\d+kB, .* oom_score_adj:1000$/,
      /Memory cgroup out of memory: Killed process \d+ \(stress\) .* oom_score_adj:97\d$/,
    ],
  },
  {
    name: "limits of emptyDirs, of containers and of Pods on the disk",
    script: `kubectl apply -f - <<EOF
apiVersion: v1
kind: Pod
metadata: {name: cache}
spec:
  containers:
  - name: c
    image: busybox
    command: [sh, -c, "sleep 5; dd if=/dev/zero of=/cache/big bs=1M count=200; sleep 1000"]
    volumeMounts: [{name: v, mountPath: /cache}]
  volumes:
  - name: v
    emptyDir: {sizeLimit: 100Mi}
---
apiVersion: v1
kind: Pod
metadata: {name: one}
spec:
  containers:
  - {name: a, image: nginx, resources: {limits: {ephemeral-storage: 500Mi}}}
---
apiVersion: v1
kind: Pod
metadata: {name: two}
spec:
  containers:
  - {name: a, image: nginx, resources: {limits: {ephemeral-storage: 500Mi}}}
  - {name: b, image: busybox, command: [sleep, "1000"], resources: {limits: {ephemeral-storage: 1Gi}}}
EOF
running pod/one pod/two
kubectl exec one -- fallocate -l 2G /tmp/f
kubectl exec two -c a -- fallocate -l 600M /tmp/f
kubectl exec two -c a -- ls -l /tmp/f; kubectl exec two -c a -- du -sh /tmp/f
sleep 30
for p in cache one two; do kubectl get pod $p -o jsonpath='{.status.phase} {.status.reason}: {.status.message}{"\\n"}'; done`,
    expect: [
      /root root 629145600 /,
      "600M\t/tmp/f",
      /^Failed Evicted: Usage of EmptyDir volume "v" exceeds the limit "100Mi". $/,
      /^Failed Evicted: Pod ephemeral local storage usage exceeds the total limit of containers 500Mi. $/,
      /^Failed Evicted: Container a exceeded its local ephemeral storage limit "500Mi". $/,
    ],
  },
  {
    name: "the kubelet's configuration says when, and what is kept from Pods",
    script: `on worker-1 "printf \\"evictionSoft:\\n  memory.available: 3Gi\\nevictionSoftGracePeriod:\\n  memory.available: 1m30s\\nevictionPressureTransitionPeriod: 30s\\nsystemReserved:\\n  cpu: 500m\\n  memory: 1Gi\\n\\" > /tmp/more; grep -v evictionPressure /var/lib/kubelet/config.yaml > /tmp/c; cat /tmp/c /tmp/more > /var/lib/kubelet/config.yaml; systemctl restart kubelet"
sleep 20
kubectl get node worker-1 -o jsonpath='{.status.capacity.memory} {.status.allocatable.cpu} {.status.allocatable.memory}{"\\n"}'
stress hog 1000M 2Gi; sleep 40
kubectl get node worker-1 -o jsonpath='{.status.conditions[?(@.type=="MemoryPressure")].status}{"\\n"}'
kubectl get pod hog --no-headers
sleep 80
kubectl get pod hog -o jsonpath='{.status.reason}{"\\n"}'
sleep 50
kubectl get node worker-1 -o jsonpath='{.status.conditions[?(@.type=="MemoryPressure")].status}{"\\n"}'`,
    expect: [/^4015992Ki 1500m 2865016Ki$/, "True", /^hog +1\/1 +Running/, "Evicted", "False"],
  },
];

describe("what the kubelet does when its node runs out", () => {
  for (const scenario of SCENARIOS) {
    test(scenario.name, () => expect(play(scenario, PRELUDE)).toEqual([]));
  }
});
