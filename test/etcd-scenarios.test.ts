import { describe, expect, test } from "vitest";
import { play, type Scenario } from "./scenario.ts";

/** `e NODE ARGS`: etcdctl there; `leaders`: per member whether it leads, its term; `log NODE`: what etcd said there last. */
const PRELUDE = `
C="--cacert=/etc/kubernetes/pki/etcd/ca.crt --cert=/etc/kubernetes/pki/etcd/server.crt --key=/etc/kubernetes/pki/etcd/server.key"
e() { n=$1; shift; ssh $n "sudo etcdctl $C $*"; }
status() { e $1 "endpoint status --endpoints=$2 -w json" | jq -r '.[] | "\\(.Endpoint) leads=\\(.Status.leader==.Status.header.member_id) term=\\(.Status.raftTerm) errors=\\(.Status.errors//[]|join(","))"'; }
A=https://192.168.108.11:2379 B=https://192.168.108.12:2379 D=https://192.168.108.13:2379
lead() { e cp-1 "endpoint status --endpoints=$A,$B,$D -w json" | jq -r '.[]|select(.Status.leader==.Status.header.member_id).Endpoint' | sed 's#.*168.108.1##; s#:.*##; s#^#cp-#'; }
idof() { e cp-1 member list | awk -F', ' -v n=$1 '$3==n{print $1}'; }
log() { ssh $1 'sudo crictl logs $(sudo crictl ps -aq --name etcd | head -1) 2>&1'; }
away() { ssh $1 sudo mv /etc/kubernetes/manifests/etcd.yaml /root/; }
back() { ssh $1 sudo mv /root/etcd.yaml /etc/kubernetes/manifests/; }
`;

const SCENARIOS: readonly Scenario[] = [
  {
    name: "a full member refuses what would grow until there is room again and the alarm is taken back",
    script: `N=$(e cp-1 endpoint status -w json | grep -o '"dbSize":[0-9]*' | cut -d: -f2)
ssh cp-1 "sudo sed -i 's/- --snapshot-count=10000/&\\n    - --quota-backend-bytes=$((N + 200000))/' /etc/kubernetes/manifests/etcd.yaml"; sleep 60
ssh cp-1 'for i in $(seq 1 60); do head -c 9000 /dev/zero | tr "\\0" x | sudo etcdctl '"$C"' put fill$i >/dev/null 2>&1 || { echo refused; break; }; done'
e cp-1 alarm list; e cp-2 alarm list -w json | grep -o '"alarm":1'
e cp-1 endpoint status -w json | grep -o 'alarm:NOSPACE'
e cp-1 endpoint health 2>&1; ssh cp-1 curl -s http://127.0.0.1:2381/health; echo
e cp-2 put a b 2>&1 | tail -1; e cp-2 lease grant 60 2>&1 | tail -1; e cp-1 get fill1 --keys-only
kubectl create configmap full; kubectl get nodes -o name | head -1; kubectl label node worker-1 full=yes
sleep 90; e cp-1 del fill --prefix >/dev/null; e cp-1 compact $(e cp-1 endpoint status -w json | grep -o '"revision":[0-9]*' | cut -d: -f2)
S=$(e cp-1 endpoint status -w json | grep -o '"dbSize":[0-9]*' | cut -d: -f2); e cp-1 defrag
T=$(e cp-1 endpoint status -w json | grep -o '"dbSize":[0-9]*' | cut -d: -f2); [ $T -lt $((S - 100000)) ] && echo smaller
e cp-1 put a b 2>&1 | tail -1; e cp-1 alarm disarm; e cp-1 alarm list; e cp-1 put a b; kubectl create configmap roomy`,
    expect: [
      "refused",
      "alarm:NOSPACE ",
      '"alarm":1',
      "alarm:NOSPACE",
      "Active Alarm(s): NOSPACE",
      "Error: unhealthy cluster",
      '{"health":"false","reason":"ALARM NOSPACE"}',
      "Error: etcdserver: mvcc: database space exceeded",
      "Error: failed to grant lease (etcdserver: mvcc: database space exceeded)",
      "fill1",
      "error: failed to create configmap: etcdserver: mvcc: database space exceeded",
      "node/cp-1",
      "Error from server: etcdserver: mvcc: database space exceeded",
      "compacted revision",
      "Finished defragmenting etcd member[127.0.0.1:2379]",
      "smaller",
      "Error: etcdserver: mvcc: database space exceeded",
      "alarm:NOSPACE",
      "OK",
      "configmap/roomy created",
    ],
  },
  {
    name: "a leader that is killed is followed within two seconds; requests wait for the election, and it comes back as a follower",
    script: `L=$(lead); O=$(for i in 1 2 3; do [ cp-$i = $L ] || echo cp-$i; done | head -1)
ssh $L sudo pkill -9 -x etcd; sleep 0.3
kubectl --server https://192.168.108.1\${O#cp-}:6443 create configmap during
log $O | grep -c 'lost leader'
log $O | grep -o 'elected leader [0-9a-f]* at term 3'
log $O | grep -o 'peer became inactive (message send to peer failed)'
sleep 30; status $O $A,$B,$D
[ $(lead) = $L ] || echo another leads
log $L | grep -o 'restarting local member'`,
    expect: [
      "configmap/during created",
      "1",
      "at term 3",
      "peer became inactive (message send to peer failed)",
      "https://192.168.108.11:2379 leads=",
      "another leads",
      "restarting local member",
    ],
  },
  {
    name: "a leader that is asked to end hands over first",
    script: `L=$(lead); away $L; sleep 3
O=$(for i in 1 2 3; do [ cp-$i = $L ] || echo cp-$i; done | tr '\\n' ' '); set -- $O
log $1 | grep -oE '(starts an election to get leadership|cast MsgVote for)' | head -1
log $1 | grep -oE 'became pre-candidate' | wc -l
e $1 endpoint health --endpoints=https://192.168.108.1\${1#cp-}:2379,https://192.168.108.1\${2#cp-}:2379
back $L; sleep 20; kubectl get pods -n kube-system -l component=etcd --no-headers | awk '{print $2}' | sort | uniq -c`,
    expect: [
      /^(starts an election to get leadership|cast MsgVote for)$/,
      "0",
      "is healthy: successfully committed proposal",
      "is healthy: successfully committed proposal",
      "3 1/1",
    ],
  },
  {
    name: "a member that is cut off knows no leader, answers serializable reads of what it has, and catches up",
    script: `ssh cp-3 'sudo iptables -A INPUT -p tcp --dport 2380 -j DROP; sudo iptables -A OUTPUT -p tcp --dport 2380 -j DROP'; sleep 8
kubectl create configmap meanwhile
status cp-1 $A,$B,$D
e cp-3 get /registry/configmaps/default/meanwhile --keys-only; echo "status $?"
e cp-3 get /registry/configmaps/default/meanwhile --keys-only --consistency=s; echo "serializable $?"
e cp-3 get /registry/namespaces/default --keys-only --consistency=s
e cp-3 endpoint health; e cp-3 endpoint status -w table
e cp-3 member list; e cp-3 endpoint status --cluster
ssh cp-3 'curl -s http://127.0.0.1:2381/health; echo; curl -s http://127.0.0.1:2381/livez; curl -s http://127.0.0.1:2381/metrics | grep ^etcd_server_has_leader'
ssh cp-3 'sudo iptables -F INPUT; sudo iptables -F OUTPUT'; sleep 3
e cp-3 get /registry/configmaps/default/meanwhile --keys-only --consistency=s; status cp-1 $D`,
    expect: [
      "configmap/meanwhile created",
      "https://192.168.108.13:2379 leads=false",
      "Error: context deadline exceeded",
      "status 1",
      "serializable 0",
      "/registry/namespaces/default",
      "127.0.0.1:2379 is unhealthy: failed to commit proposal: context deadline exceeded",
      "Error: unhealthy cluster",
      "| etcdserver: no leader |",
      "Error: context deadline exceeded",
      "Error: failed to fetch endpoints from etcd cluster member list: context deadline exceeded",
      '{"health":"false","reason":"RAFT NO LEADER"}',
      "ok",
      "etcd_server_has_leader 0",
      "/registry/configmaps/default/meanwhile",
      "errors=",
    ],
  },
  {
    name: "two of three gone: nothing that needs a quorum is answered, and the last one campaigns in vain; one more is enough",
    script: `away cp-2; away cp-3; sleep 10
status cp-1 $A
kubectl --server https://192.168.108.11:6443 get nodes; echo "status $?"
e cp-1 get /registry/namespaces/default --keys-only --consistency=s
e cp-1 put a b
log cp-1 | grep -o 'stepped down to follower since quorum is not active\\|became pre-candidate at term [0-9]*' | sort | uniq -c | awk '{print ($1>0), $2, $3, $4}'
back cp-2; sleep 30; status cp-1 $A,$B; kubectl create configmap again`,
    expect: [
      "https://192.168.108.11:2379 leads=false term=3 errors=etcdserver: no leader",
      "Error from server: etcdserver: request timed out",
      "status 1",
      "/registry/namespaces/default",
      "Error: context deadline exceeded",
      "1 became pre-candidate at",
      "leads=true",
      "configmap/again created",
    ],
  },
  {
    name: "a member is taken out, ends for good, and another of its name is added and started",
    script: `ID=$(idof cp-3); sleep 5; e cp-1 member remove $ID
sleep 3; ssh cp-3 'sudo crictl ps -a --name etcd --state exited -o json' | jq -r '.containers[0].metadata.name'
log cp-3 | grep -o 'the member has been permanently removed from the cluster' | head -1
e cp-1 member list -w table; e cp-1 member remove $ID
e cp-1 member add cp-3 --peer-urls=https://192.168.108.13:2380
e cp-1 member list
e cp-1 member add cp-4 --peer-urls=https://192.168.108.14:2380
away cp-3; sleep 10; ssh cp-3 sudo rm -rf /var/lib/etcd/member; back cp-3; sleep 30
e cp-1 member list | awk -F', ' '{print $2, $3, $6}'; e cp-1 endpoint health --cluster
kubectl get pods -n kube-system etcd-cp-3 --no-headers`,
    expect: [
      /^Member [0-9a-f]+ removed from cluster [0-9a-f]+$/,
      "etcd",
      "the member has been permanently removed from the cluster",
      "STATUS",
      "etcdserver: member not found",
      /^Member [0-9a-f]+ added to cluster [0-9a-f]+$/,
      'ETCD_NAME="cp-3"',
      /^ETCD_INITIAL_CLUSTER=".*cp-3=https:\/\/192.168.108.13:2380/,
      'ETCD_INITIAL_CLUSTER_STATE="existing"',
      /^[0-9a-f]+, unstarted, , https:\/\/192.168.108.13:2380, , false$/,
      "Error: etcdserver: re-configuration failed due to not enough started members",
      "started cp-3 false",
      "https://192.168.108.13:2379 is healthy",
      /^etcd-cp-3 +1\/1 +Running/,
    ],
  },
  {
    name: "a learner has no vote until it is promoted; there is one at a time, and a voter that is down must be taken out first",
    script: `ssh cp-3 sudo poweroff -f; sleep 10
e cp-1 member add x --peer-urls=https://192.168.108.99:2380 --learner
e cp-1 member remove $(idof cp-2)
e cp-1 member remove $(idof cp-3); sleep 1
e cp-1 member add x --peer-urls=https://192.168.108.99:2380 --learner -w json | jq -c '.member|{peerURLs,isLearner}'
e cp-1 member add y --peer-urls=https://192.168.108.98:2380 --learner
X=$(e cp-1 member list | awk -F', ' '/true$/{print $1}')
e cp-1 member promote $X; e cp-1 member promote $(idof cp-2)
e cp-1 member update $X --peer-urls=https://192.168.108.97:2380
e cp-1 member update $X --peer-urls=https://192.168.108.12:2380
e cp-1 member list -w fields | grep -A4 192.168.108.97
e cp-1 member remove $X
e cp-1 member add z; e cp-1 member add z --peer-urls=192.168.108.9:2380; e cp-1 member remove zz; e cp-1 member promote 12`,
    expect: [
      "Error: etcdserver: unhealthy cluster",
      "Error: etcdserver: unhealthy cluster",
      "removed from cluster",
      '{"peerURLs":["https://192.168.108.99:2380"],"isLearner":true}',
      "Error: etcdserver: too many learner members in cluster",
      "Error: etcdserver: can only promote a learner member which is in sync with leader",
      "Error: etcdserver: can only promote a learner member",
      "updated in cluster",
      "Error: etcdserver: Peer URLs already exists",
      '"PeerURL" : "https://192.168.108.97:2380"',
      '"IsLearner" : true',
      "removed from cluster",
      "Error: member peer urls not provided",
      'Error: parse "192.168.108.9:2380": first path segment in URL cannot contain colon',
      'Error: bad member ID arg (strconv.ParseUint: parsing "zz": invalid syntax), expecting ID in Hex',
      "Error: etcdserver: member not found",
    ],
  },
  {
    name: "a member whose data is gone cannot come back as itself",
    script: `ssh cp-3 'sudo rm -rf /var/lib/etcd/member; sudo pkill -9 -x etcd'; sleep 20
log cp-3 | grep -o 'tocommit([0-9]*) is out of range \\[lastIndex(0)\\]. Was the raft log corrupted, truncated, or lost?'
kubectl get pods -n kube-system etcd-cp-3 --no-headers
ssh cp-2 'sudo rm -rf /var/lib/etcd/member; sudo pkill -9 -x etcd'; sleep 20
log cp-2 | grep -o 'cannot fetch cluster info|member count is unequal' | head -1`,
    expect: [/^tocommit\(\d+\) is out of range \[lastIndex\(0\)\]/, /^etcd-cp-3 +0\/1 +(CrashLoopBackOff|Error)/],
  },
  {
    name: "a snapshot is restored on all three: what came after it is gone, the members have new ids, and a quorum of them is needed",
    script: `kubectl create configmap before >/dev/null; e cp-1 snapshot save /tmp/s.db 2>&1 | tail -1; kubectl create configmap after >/dev/null
ssh cp-1 sudo cat /tmp/s.db > s.db; for i in 2 3; do scp -q s.db cp-$i:/tmp/s.db; done
for i in 1 2 3; do away cp-$i; done; sleep 10
I=cp-1=https://192.168.108.11:2380,cp-2=https://192.168.108.12:2380,cp-3=https://192.168.108.13:2380
for i in 1 2 3; do ssh cp-$i "sudo mv /var/lib/etcd /root/old; sudo etcdutl snapshot restore /tmp/s.db --name=cp-$i --initial-cluster=$I --initial-advertise-peer-urls=https://192.168.108.1$i:2380 --data-dir=/var/lib/etcd" 2>&1 | grep -c 'added member'; done
ssh cp-1 sudo etcdutl snapshot restore /tmp/s.db --name=other --initial-cluster=$I --data-dir=/tmp/x 2>&1 | tail -1
back cp-1; sleep 25; status cp-1 $A
back cp-2; back cp-3; sleep 60
e cp-1 member list | awk -F', ' '{print $2, $3}'
e cp-1 endpoint hashkv --cluster | awk '{print $2}' | sort -u | wc -l
kubectl get configmap before after`,
    expect: [
      "Snapshot saved at /tmp/s.db",
      "3",
      "3",
      "3",
      `Error: couldn't find local name "other" in the initial cluster configuration`,
      "https://192.168.108.11:2379 leads=false",
      "started cp-1",
      /^1$/,
      /^before +0/,
      'Error from server (NotFound): configmaps "after" not found',
    ],
  },
  {
    name: "--force-new-cluster leaves one member alone with what it has",
    script: `kubectl create configmap kept >/dev/null; away cp-2; away cp-3; sleep 10
ssh cp-1 'sudo sed -i "s#^    - etcd\\$#&\\n    - --force-new-cluster=true#" /etc/kubernetes/manifests/etcd.yaml'; sleep 60
e cp-1 member list | awk -F', ' '{print $2, $3}'; e cp-1 endpoint health
kubectl --server https://192.168.108.11:6443 get configmap kept`,
    expect: ["started cp-1", "127.0.0.1:2379 is healthy", /^kept +0/],
    never: [/started cp-2/],
  },
  {
    name: "a leader that is stopped is followed by another, and follows when it goes on",
    script: `L=$(lead); T=$(status $L $A | grep -o 'term=[0-9]*'); ssh $L sudo pkill -STOP -x etcd; sleep 6
O=$(for i in 1 2 3; do [ cp-$i = $L ] || echo cp-$i; done | head -1); kubectl create configmap during
log $O | grep -c 'elected leader'; ssh $L sudo pkill -CONT -x etcd; sleep 3; status cp-1 $A,$B,$D; [ $(lead) = $L ] || echo another leads`,
    expect: ["configmap/during created", /^2$/, "term=3", "another leads"],
  },
  {
    name: "a device that is taken down cuts its member off, and its API server leaves the Service kubernetes",
    script: `ssh cp-1 "sudo nohup bash -c 'ip link set eth0 down; sleep 30; etcdctl $C endpoint status > /tmp/status; ip link set eth0 up' >/dev/null 2>&1 &"
sleep 26; kubectl get endpoints kubernetes --no-headers | awk '{print $2}'; sleep 30; ssh cp-1 cat /tmp/status; kubectl get endpoints kubernetes --no-headers | awk '{print $2}'; status cp-2 $A`,
    expect: [
      /^192.168.108.12:6443,192.168.108.13:6443$/,
      "etcdserver: no leader",
      /^192.168.108.11:6443,192.168.108.12:6443,192.168.108.13:6443$/,
      /errors=$/,
    ],
  },
  {
    name: "an API server that knows all members goes on without its own",
    script: `ssh cp-1 'sudo sed -i "s#--etcd-servers=.*#--etcd-servers=https://127.0.0.1:2379,https://192.168.108.12:2379#" /etc/kubernetes/manifests/kube-apiserver.yaml'; sleep 40
away cp-1; sleep 10; kubectl --server https://192.168.108.11:6443 create configmap through-another`,
    expect: ["configmap/through-another created"],
  },
  {
    name: "behind a balancer without a server connections are closed at once; what only reads is asked again for ten seconds",
    script: `for i in 1 2 3; do ssh cp-$i sudo mv /etc/kubernetes/manifests/kube-apiserver.yaml /root/; done; sleep 20
A=$(date +%s); kubectl version 2>&1 | tail -1; echo $(($(date +%s) - A)) seconds; kubectl create configmap a
curl -sk https://192.168.108.10:6443/healthz; echo "curl $?"; nc -zv 192.168.108.10 6443
kubectl get --raw /version | grep -c gitVersion & sleep 3; ssh cp-1 sudo mv /root/kube-apiserver.yaml /etc/kubernetes/manifests/; wait`,
    expect: [
      "Unable to connect to the server: EOF",
      /^1\d seconds$/,
      /^error: failed to create configmap: Post ".*": EOF$/,
      "curl 35",
      "succeeded!",
      /^1$/,
    ],
  },
  {
    name: "hashes of the history are the same on all members; leadership moves to whom it is given",
    script: `e cp-1 endpoint hashkv --cluster | awk '{print $2}' | sort | uniq -c | awk '{print $1}'
e cp-1 endpoint hashkv --rev=99999999
L=$(lead); T=$(for i in 1 2 3; do [ cp-$i = $L ] || echo cp-$i; done | tail -1)
e cp-1 move-leader $(idof $T) --endpoints=$A,$B,$D; [ "$(lead)" = $T ] && echo moved
e cp-1 move-leader 1234 --endpoints=$A,$B,$D
e cp-1 move-leader $(idof $T) --endpoints=https://192.168.108.1\${L#cp-}:2379`,
    expect: [
      "3",
      "required revision is a future revision",
      /^Leadership transferred from [0-9a-f]+ to [0-9a-f]+$/,
      "moved",
      "Error: etcdserver: bad leader transferee",
      "Error: no leader endpoint given at",
    ],
  },
];

describe("etcd's members", () => {
  test.each(SCENARIOS)("$name", (scenario) => {
    expect(play(scenario, PRELUDE)).toEqual([]);
  });
});
