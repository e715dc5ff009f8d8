import { describe, expect, it, test } from "vitest";
import { DEFAULT_TOPOLOGY, Session } from "../engine/index.ts";
import { play, type Scenario } from "./scenario.ts";

/** Dynamic volumes: what rancher/local-path-provisioner 0.0.31 does with a claim's life on a cluster of Kubernetes 1.32. */
const PRELUDE = `
provisioner() {
  kubectl apply -f https://raw.githubusercontent.com/rancher/local-path-provisioner/v0.0.31/deploy/local-path-storage.yaml >/dev/null
  kubectl -n local-path-storage rollout status deployment local-path-provisioner >/dev/null
}
claim() {
  kubectl apply -f - <<EOF >/dev/null
apiVersion: v1
kind: PersistentVolumeClaim
metadata: { name: $1 }
spec:
  storageClassName: \${3:-local-path}
  accessModes: [$2]
  resources: { requests: { storage: 1Gi } }
EOF
}
user() {
  kubectl apply -f - <<EOF >/dev/null
apiVersion: v1
kind: Pod
metadata: { name: $1 }
spec:
  containers:
  - name: c
    image: busybox
    command: [sh, -c, "cat /data/word 2>/dev/null; echo hello >/data/word; sleep 3600"]
    volumeMounts: [{ name: d, mountPath: /data }]
  volumes: [{ name: d, persistentVolumeClaim: { claimName: $2 } }]
EOF
}
`;

const SCENARIOS: readonly Scenario[] = [
  {
    name: "the ensemble of the ZooKeeper tutorial: a quorum decides, data outlive the StatefulSet, a missing probe restarts",
    script: `provisioner; kubectl annotate storageclass local-path storageclass.kubernetes.io/is-default-class=true >/dev/null
Z=https://k8s.io/examples/application/zookeeper/zookeeper.yaml; kubectl apply -f $Z >/dev/null; sleep 90; zk() { kubectl exec zk-$1 -- zkCli.sh "\${@:2}" 2>&1; }
for i in 0 1 2; do kubectl exec zk-$i -- cat /var/lib/zookeeper/data/myid; done | tr '\\n' ' '; for i in 0 1 2; do kubectl exec zk-$i -- zkServer.sh status 2>/dev/null; done | sort | uniq -c
zk 0 create /hello world | tail -1; zk 1 get /hello | sed -n 6p; zk 2 create /hello again | tail -2
kubectl delete statefulset zk >/dev/null; sleep 40; kubectl apply -f $Z >/dev/null; sleep 90; zk 2 get /hello | sed -n 6p
kubectl scale sts zk --replicas=1 >/dev/null; sleep 40; zk 0 get /hello | tail -2; kubectl scale sts zk --replicas=3 >/dev/null; sleep 60; zk 0 set /hello new >/dev/null; zk 2 get /hello | sed -n 6p
kubectl exec zk-0 -- rm /opt/zookeeper/bin/zookeeper-ready; sleep 60; kubectl get pod zk-0`,
    expect: [
      /^1 2 3 +2 Mode: follower$/,
      /^ +1 Mode: leader$/,
      "Created /hello",
      /^world$/,
      "Node already exists: /hello",
      /^world$/,
      "KeeperErrorCode = ConnectionLoss for /hello",
      /^new$/,
      /^zk-0 +1\/1 +Running +1 \(/,
    ],
  },
  {
    name: "what cannot be mounted or pulled is told in the words of its plugin",
    script: `pod() { cat <<Y | kubectl apply -f - >/dev/null
apiVersion: v1
kind: Pod
metadata: {name: $1}
spec: {nodeName: worker-1, imagePullSecrets: [{name: regcred}], volumes: [$2], containers: [{name: c, image: "busybox:1.36", command: [sleep, "100"], volumeMounts: [{name: v, mountPath: /v$3}]}]}
Y
}
pod socket '{name: v, hostPath: {path: /etc, type: Socket}}'
pod claim '{name: v, persistentVolumeClaim: {claimName: nosuch}}'
pod sources '{name: v, projected: {sources: [{configMap: {name: nosuch}}, {secret: {name: nosuch}}]}}'
pod driver '{name: v, csi: {driver: nosuch.example}}'
pod gone '{name: v, rbd: {monitors: [a], image: b}}'
pod share '{name: v, nfs: {server: 10.9.9.9, path: /x}}'
pod expr '{name: v, emptyDir: {}}' ', subPathExpr: "$(NOPE)"'
sleep 20
for p in socket claim sources driver gone share expr; do kubectl get events --field-selector involvedObject.name=$p -o json | jq -r '.items[] | select(.type == "Warning") | [.reason, .message] | join(" ")' | sort; done`,
    expect: [
      'FailedMount MountVolume.SetUp failed for volume "v" : hostPath type check failed: /etc is not a socket file',
      'FailedMount Unable to attach or mount volumes: unmounted volumes=[v], unattached volumes=[], failed to process volumes=[v]: error processing PVC default/nosuch: failed to fetch PVC from API server: persistentvolumeclaims "nosuch" not found',
      'FailedMount MountVolume.SetUp failed for volume "v" : [configmap "nosuch" not found, secret "nosuch" not found]',
      'FailedMount MountVolume.NewMounter initialization failed for volume "v" : volume mode "Ephemeral" not supported by driver nosuch.example (no CSIDriver object)',
      'FailedMount Unable to attach or mount volumes: unmounted volumes=[v], unattached volumes=[], failed to process volumes=[v]: failed to get Plugin from volumeSpec for volume "v" err=no volume plugin matched',
      'FailedMount MountVolume.SetUp failed for volume "v" : mount failed: exit status 32',
      /^Mounting arguments: -t nfs 10\.9\.9\.9:\/x \/var\/lib\/kubelet\/pods\/[0-9a-f-]+\/volumes\/kubernetes\.io~nfs\/v$/,
      "Mounting command: mount",
      /^Output: mount\.nfs: Connection refused/,
      "Failed Error: missing value for NOPE",
      "FailedToRetrieveImagePullSecret Unable to retrieve some image pull secrets (regcred); attempting to pull the image may not succeed.",
    ],
  },
  {
    name: "a claim waits for its first consumer, is made on that Pod's node, outlives the Pod and goes with the claim",
    script: `provisioner; claim data ReadWriteOnce; sleep 2
kubectl get pvc data --no-headers | awk '{print $2, $3}'
user one data; kubectl wait --for=condition=Ready pod/one --timeout=90s
kubectl get pvc data --no-headers | awk '{print $2, $4, $5}'
kubectl get events --field-selector involvedObject.name=data -o custom-columns=R:.reason --no-headers
node=$(kubectl get pod one -o jsonpath={.spec.nodeName})
pv=$(kubectl get pvc data -o jsonpath={.spec.volumeName})
[ "$(kubectl get pv $pv -o jsonpath='{.spec.nodeAffinity.required.nodeSelectorTerms[0].matchExpressions[0].values[0]}')" = $node ] && echo on its node
kubectl delete pod one --now >/dev/null; user two data; kubectl wait --for=condition=Ready pod/two --timeout=90s
[ "$(kubectl get pod two -o jsonpath={.spec.nodeName})" = $node ] && echo same node
kubectl logs two
ssh $node ls /opt/local-path-provisioner | sed "s/$pv/PV/"
kubectl delete pod two --now >/dev/null; kubectl delete pvc data; sleep 15
kubectl get pv; ssh $node ls /opt/local-path-provisioner | wc -l
kubectl -n local-path-storage logs deploy/local-path-provisioner | sed "s/$pv/PV/g; s/.* msg=//" | grep -v 'helper pod' | tail -n 2`,
    expect: [
      "Pending local-path",
      "pod/one condition met",
      "Bound 1Gi RWO",
      "WaitForFirstConsumer",
      "ExternalProvisioning",
      "Provisioning",
      "ProvisioningSucceeded",
      "on its node",
      "pod/two condition met",
      "same node",
      "hello",
      "PV_default_data",
      "No resources found",
      /^0$/,
      /^"Deleting volume PV at worker-\d:\/opt\/local-path-provisioner\/PV_default_data"$/,
      /^"Volume PV has been deleted on worker-\d:\/opt\/local-path-provisioner\/PV_default_data"$/,
    ],
  },
  {
    name: "what the provisioner cannot make, and what the class does not allow, is said",
    script: `provisioner; claim many ReadWriteMany; user p many; sleep 5
kubectl describe pvc many | grep -o 'failed to provision.*'
claim data ReadWriteOnce; kubectl patch pvc data -p '{"spec":{"resources":{"requests":{"storage":"2Gi"}}}}'
user q data; kubectl wait --for=condition=Ready pod/q --timeout=90s
kubectl patch pvc data -p '{"spec":{"resources":{"requests":{"storage":"2Gi"}}}}'
kubectl patch sc local-path -p '{"allowVolumeExpansion":true}'
kubectl patch pvc data -p '{"spec":{"resources":{"requests":{"storage":"2Gi"}}}}'
sleep 2; kubectl events --for pvc/data --types=Normal | grep Expanding; kubectl get pvc data`,
    expect: [
      'failed to provision volume with StorageClass "local-path": NodePath only supports ReadWriteOnce and ReadWriteOncePod (1.22+) access modes',
      "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims",
      "pod/q condition met",
      'Error from server (Forbidden): persistentvolumeclaims "data" is forbidden: only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize',
      "storageclass.storage.k8s.io/local-path patched",
      "persistentvolumeclaim/data patched",
      /Normal +ExternalExpanding +PersistentVolumeClaim\/data +waiting for an external controller to expand this PVC$/,
      /^data +Bound +pvc-\S+ +1Gi /,
    ],
  },
  {
    name: "a Pod's own claims come and go with it, and are never another's",
    script: `provisioner; scratch() { kubectl apply -f - <<Y
apiVersion: v1
kind: Pod
metadata: {name: $1}
spec:
  containers: [{name: c, image: nginx, volumeMounts: [{name: v, mountPath: /data}]}]
  volumes:
  - name: v
    ephemeral: {volumeClaimTemplate: {metadata: {labels: {kind: scratch}}, spec: {storageClassName: local-path, accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}}
Y
}
scratch one; kubectl wait --for=condition=Ready pod/one --timeout=90s
kubectl get pvc -l kind=scratch -o json | jq -r '.items[]|.metadata.name+" "+.status.phase+" "+.metadata.ownerReferences[0].kind'
kubectl exec one -- sh -c 'echo x > /data/f; cat /data/f'
kubectl delete pod one --now; sleep 20; kubectl get pvc,pv
claim two-v ReadWriteOnce; scratch two; sleep 3
kubectl get events --field-selector involvedObject.name=two -o json | jq -r '.items[]|.reason+" "+.message'`,
    expect: [
      "pod/one condition met",
      "one-v Bound Pod",
      /^x$/,
      "No resources found",
      "FailedBinding ephemeral volume v: PVC default/two-v was not created for pod default/two (pod is not owner)",
    ],
  },
  {
    // PersistentVolumes' oldest policy: hostPath and nfs are emptied by a Pod, on whatever node it comes to.
    name: "a volume to be recycled is emptied by a Pod and waits for the next claim; who used it must have gone",
    script: `kubectl cordon worker-2 >/dev/null; kubectl cordon worker-3 >/dev/null
kubectl apply -f - <<'Y' 2>&1 | grep Warning
apiVersion: v1
kind: PersistentVolume
metadata: {name: old}
spec: {capacity: {storage: 5Gi}, accessModes: [ReadWriteOnce], persistentVolumeReclaimPolicy: Recycle, storageClassName: manual, hostPath: {path: /tmp/old}}
Y
claim one ReadWriteOnce manual; user p one; kubectl wait --for=condition=Ready pod p >/dev/null; ssh worker-1 ls /tmp/old
kubectl delete pod p --now; kubectl delete pvc one; sleep 2
kubectl get pod recycler-for-old -o jsonpath='{.spec.activeDeadlineSeconds} {.spec.restartPolicy} {.spec.volumes[0].hostPath.path}{"\\n"}'; kubectl get pv old --no-headers; sleep 15
kubectl get pv old --no-headers; kubectl get pods --no-headers; echo "left $(ssh worker-1 ls /tmp/old)"
kubectl get events --field-selector involvedObject.name=old -o custom-columns=R:.reason,M:.message --no-headers
claim two ReadWriteOnce manual; sleep 2; kubectl get pvc two --no-headers`,
    expect: [
      "The Recycle reclaim policy is deprecated.",
      /^word$/,
      /^150 Never \/tmp\/old$/,
      /^old +5Gi +RWO +Recycle +Released +default\/one/,
      /^old +5Gi +RWO +Recycle +Available +manual/,
      "No resources found in default namespace.",
      /^left $/,
      /^RecyclerPod +Recycler pod: Successfully assigned default\/recycler-for-old to worker-1$/,
      /^RecyclerPod +Recycler pod: Started container pv-recycler$/,
      /^VolumeRecycled +Volume recycled$/,
      /^two +Bound +old/,
    ],
  },
  {
    name: "a container sees its volumes first, then what it shares with its sandbox, then what is hidden from it; df knows",
    script: `kubectl apply -f - >/dev/null <<'Y'
apiVersion: v1
kind: Pod
metadata: {name: p}
spec:
  volumes: [{name: e, emptyDir: {}}, {name: h, hostPath: {path: /opt}}]
  containers:
  - {name: a, image: nginx, volumeMounts: [{name: e, mountPath: /usr/share/nginx/html}, {name: h, mountPath: /srv}]}
  - {name: b, image: nginx, command: [sleep, 1d], securityContext: {privileged: true}, volumeMounts: [{name: e, mountPath: /data}]}
Y
kubectl wait --for=condition=Ready pod p >/dev/null; on() { echo "[$2]"; kubectl exec p -c "$1" -- sh -c "$2"; }
on a "cut -d' ' -f2 /proc/mounts | xargs"; on b "cut -d' ' -f2 /proc/mounts | xargs"
on a "df --output=source,target"; on b "df --output=source,target"; on a "df --output=target /usr/share/nginx/html /etc/hosts"
on a "echo shared >/dev/shm/x"; on b "cat /dev/shm/x"`,
    expect: [
      "/ /proc /dev /dev/pts /dev/mqueue /sys /sys/fs/cgroup /srv /etc/hosts /dev/termination-log /etc/hostname /etc/resolv.conf /dev/shm " +
        "/usr/share/nginx/html /run/secrets/kubernetes.io/serviceaccount /proc/bus /proc/fs /proc/irq /proc/sys /proc/sysrq-trigger " +
        "/proc/acpi /proc/kcore /proc/keys /proc/timer_list /sys/firmware",
      /^\/ \/proc .* \/data \/etc\/hosts .* \/run\/secrets\/kubernetes.io\/serviceaccount$/,
      ...[/^overlay +\/$/, /^tmpfs +\/dev$/, /^\/dev\/vda1 +\/srv$/, /^shm +\/dev\/shm$/, /^tmpfs +\/run\/secrets/],
      ...[/^tmpfs +\/proc\/acpi$/, /^tmpfs +\/sys\/firmware$/],
      ...[/^overlay +\/$/, /^tmpfs +\/dev$/, /^\/dev\/vda1 +\/data$/, /^shm +\/dev\/shm$/, /^tmpfs +\/run\/secrets/],
      ...[/^\/usr\/share\/nginx\/html$/, /^\/etc\/hosts$/, /^shared$/],
    ],
  },
  {
    name: "a retained volume stays when its claim goes",
    script: `provisioner; kubectl apply -f - >/dev/null <<EOF
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: { name: kept }
provisioner: rancher.io/local-path
volumeBindingMode: WaitForFirstConsumer
reclaimPolicy: Retain
EOF
claim data ReadWriteOnce kept
user one data; kubectl wait --for=condition=Ready pod/one --timeout=90s
kubectl delete pod one --now >/dev/null; kubectl delete pvc data >/dev/null; sleep 15
kubectl get pv --no-headers | awk '{print $2, $4, $5, $6, $7}'`,
    expect: ["pod/one condition met", "1Gi Retain Released default/data kept"],
  },
  {
    // pkg/volume/emptydir calculateEmptyDirMemorySize.
    name: "a volume in memory takes no more than it may, its Pod may, or the node's Pods may",
    script: `kubectl apply -f - >/dev/null <<'Y'
apiVersion: v1
kind: Pod
metadata: {name: p}
spec:
  containers: [{name: c, image: nginx, volumeMounts: [{name: small, mountPath: /m}, {name: open, mountPath: /o}]}]
  volumes: [{name: small, emptyDir: {medium: Memory, sizeLimit: 16Mi}}, {name: open, emptyDir: {medium: Memory}}]
---
apiVersion: v1
kind: Pod
metadata: {name: q}
spec: {containers: [{name: c, image: nginx, resources: {limits: {memory: 128Mi}}}]}
Y
kubectl wait --for=condition=ready pod --all >/dev/null
kubectl exec p -- sh -c 'grep " /m " /proc/mounts; dd if=/dev/zero of=/m/x bs=1M count=10 status=none; df -h /m | tail -1; dd if=/dev/zero of=/m/y bs=1M count=10 status=none; echo $?; df -k /m | tail -1; rm /m/x; df -k --output=avail /m | tail -1; echo more > /m/z && cat /m/z'
kubectl get node worker-1 -o jsonpath='{.status.allocatable.memory}{"\\n"}' | tr -d i | tr K k; kubectl exec p -- grep ' /o ' /proc/mounts | grep -o 'size=[0-9]*k'
kubectl exec q -- df -m --output=size /run/secrets/kubernetes.io/serviceaccount | tail -1`,
    expect: [
      /^tmpfs \/m tmpfs rw,relatime,size=16384k,inode64 0 0$/,
      /^tmpfs +16M +10M +6\.0M +63% \/m$/,
      "dd: error writing '/m/y': No space left on device",
      /^1$/,
      /^tmpfs +16384 +16384 +0 +100% \/m$/,
      /^ *10240$/,
      /^more$/,
      /^3913592k$/,
      /^size=3913592k$/,
      /^ *128$/,
    ],
  },
];

describe("dynamic volumes", () => {
  test.each(SCENARIOS)("$name", (scenario) => {
    expect(play(scenario, PRELUDE)).toEqual([]);
  });
});

it("a cluster whose topology asks for it comes with the default class local-path", () => {
  const session = new Session({
    lab: "playground",
    seed: 3,
    epochMs: Date.UTC(2026, 2, 2, 9),
    topology: { ...DEFAULT_TOPOLOGY, storage: "local-path" },
  });
  session.boot();
  const { registry } = session.cluster;
  const [cls] = registry.cacheOf("storage.k8s.io", "v1", "storageclasses")!.everything();
  expect(cls!.metadata.annotations).toEqual({ "storageclass.kubernetes.io/is-default-class": "true" });
  const [pod] = registry.cacheOf("", "v1", "pods")!.inNamespace("local-path-storage");
  expect(pod!["status"].phase).toBe("Running");
});
