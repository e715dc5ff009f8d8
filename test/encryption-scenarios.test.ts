import { describe, expect, test } from "vitest";
import { play, type Scenario } from "./scenario.ts";

/** `encrypt NODE PROVIDER KEY`: that API server writes Secrets with the provider; `stored NAME`: what etcd has, told on cp-1. */
const PRELUDE = `
encrypt() { ssh $1 sudo bash -s "$2" "$3" <<'X'
mkdir -p /etc/kubernetes/enc
[ $1 = identity ] || keys="{keys: [{name: $2, secret: $(head -c 32 /dev/zero | tr '\\0' k | base64)}]}"
cat > /etc/kubernetes/enc/enc.yaml <<E
apiVersion: apiserver.config.k8s.io/v1
kind: EncryptionConfiguration
resources:
- resources: [secrets]
  providers:
  - $1: \${keys:-{\\}}
  - identity: {}
E
M=/etc/kubernetes/manifests/kube-apiserver.yaml
grep -q encryption-provider $M && { sed -i 's/# [0-9]*$//' $M; crictl ps -q --name kube-apiserver | xargs crictl stop >/dev/null; exit; }
sed -i 's#^    - kube-apiserver$#&\\n    - --encryption-provider-config=/etc/kubernetes/enc/enc.yaml#' $M
sed -i 's#^    volumeMounts:#&\\n    - {name: enc, mountPath: /etc/kubernetes/enc, readOnly: true}#; s#^  volumes:#&\\n  - name: enc\\n    hostPath: {path: /etc/kubernetes/enc, type: DirectoryOrCreate}#' $M
X
sleep 60; }
stored() { ssh cp-1 sudo bash -s $1 <<'X'
C=/etc/kubernetes/pki/etcd
etcdctl --cacert $C/ca.crt --cert $C/server.crt --key $C/server.key get --print-value-only /registry/secrets/default/$1 | head -c 28 | tr -c ' -~' .; echo
X
}
k() { kubectl --server https://192.168.108.11:6443 "$@"; }
`;

const SCENARIOS: readonly Scenario[] = [
  ...["aescbc", "aesgcm", "secretbox"].map((provider) => ({
    name: `${provider}: what is written is encrypted, what lies there is not until it is written again`,
    script: `kubectl create secret generic before --from-literal=a=plain >/dev/null
encrypt cp-1 ${provider} key1
k create secret generic after --from-literal=a=hidden; stored before; stored after
k get secret after -o jsonpath='{.data.a}{"\\n"}'
kubectl --server https://192.168.108.12:6443 get secret after
k get secrets -o json | k replace -f -; stored before`,
    expect: [
      "secret/after created",
      "k8s.....v1..Secret",
      `k8s:enc:${provider}:v1:key1:`,
      "aGlkZGVu",
      'Error from server (InternalError): Internal error occurred: unable to transform key "/registry/secrets/default/after": identity transformer tried to read encrypted data',
      "secret/before replaced",
      `k8s:enc:${provider}:v1:key1:`,
    ],
  })),
  {
    name: "a key of the wrong length keeps the server from starting",
    script: `ssh cp-2 sudo bash -s <<'X'
mkdir -p /etc/kubernetes/enc
printf 'apiVersion: apiserver.config.k8s.io/v1\\nkind: EncryptionConfiguration\\nresources:\\n- resources: [secrets]\\n  providers:\\n  - aescbc: {keys: [{name: a, secret: YWJj}]}\\n' > /etc/kubernetes/enc/enc.yaml
M=/etc/kubernetes/manifests/kube-apiserver.yaml
sed -i 's#^    - kube-apiserver$#&\\n    - --encryption-provider-config=/etc/kubernetes/enc/enc.yaml#' $M
sed -i 's#^    volumeMounts:#&\\n    - {name: enc, mountPath: /etc/kubernetes/enc}#; s#^  volumes:#&\\n  - name: enc\\n    hostPath: {path: /etc/kubernetes/enc}#' $M
sleep 40; crictl ps -a --name kube-apiserver --state exited -q | head -1 | xargs crictl logs 2>&1 | tail -1
X`,
    expect: ["secret is not of the expected length, got 3, expected one of []int{16, 24, 32}"],
  },
];

describe("encryption at rest", () => {
  test.each(SCENARIOS)("$name", (scenario) => {
    expect(play(scenario, PRELUDE)).toEqual([]);
  });
});
