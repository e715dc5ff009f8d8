import { describe, expect, test } from "vitest";
import { play, type Scenario } from "./scenario.ts";

/** What Linux does; the outputs of ip were seen with the real one in namespaces of its own. */
const SCENARIOS: readonly Scenario[] = [
  {
    name: "IPv6 is switched off on machines, and programs say so",
    script:
      "/usr/sbin/sysctl net.ipv6.conf.all.disable_ipv6; ip -6 address | wc -l; curl -sS http://[::1]:80; echo $?; ping -6 -c1 ::1",
    expect: [
      "net.ipv6.conf.all.disable_ipv6 = 1",
      /^0$/,
      "curl: (7) Failed to connect to ::1 port 80 after 0 ms: Couldn't connect to server",
      /^7$/,
      "ping: connect: Cannot assign requested address",
    ],
  },
  {
    name: "kernel settings of the network count: forwarding, timeouts of tracked connections, what Pods may change",
    script: String.raw`kubectl create deployment web --image=nginx >/dev/null; kubectl expose deployment web --port=80 --type=LoadBalancer >/dev/null
kubectl run client --image=busybox --command -- sleep 1d >/dev/null; kubectl wait --for=condition=Ready pod --all --timeout=60s >/dev/null; sleep 10
IP=$(kubectl get pod -l app=web -o jsonpath={.items[0].status.podIP}); N=$(kubectl get pod -l app=web -o jsonpath={.items[0].spec.nodeName})
LB=$(kubectl get service web -o jsonpath={.status.loadBalancer.ingress[0].ip})
curl -s -m 3 http://$LB:81; for n in worker-1 worker-2 worker-3; do ssh $n sudo conntrack -L -d $LB; done 2>/dev/null | grep -c dport=81
ssh $N 'cat /proc/sys/net/netfilter/nf_conntrack_{max,tcp_timeout_established}; sudo conntrack -L 2>/dev/null | grep -m1 -o "8639[0-9] ESTABLISHED\|863[0-9]* ESTABLISHED" | cut -c-3'
ask() { kubectl exec client -- wget -T 2 -qO- http://$IP 2>&1 | head -1; ssh $N "curl -s -m 2 -o /dev/null -w '%{http_code}\n' http://$IP"; }
ask; ssh $N sudo sysctl -w net.ipv4.ip_forward=0; ask; ssh $N sudo sysctl -w net.ipv4.conf.all.forwarding=1; ask
kubectl exec client -- sysctl -w net.ipv4.ip_forward=0; kubectl exec client -- sysctl net.ipv4.ip_forward
ssh $N sudo sysctl -w net.netfilter.nf_conntrack_count=3`,
    expect: [
      /^1$/,
      /^131072$/,
      /^86400$/,
      /^863$/,
      "<!DOCTYPE html>",
      /^200$/,
      "net.ipv4.ip_forward = 0",
      "wget: download timed out",
      /^200$/,
      "<!DOCTYPE html>",
      "sysctl: error setting key 'net.ipv4.ip_forward': Read-only file system",
      "net.ipv4.ip_forward = 1",
      'sysctl: setting key "net.netfilter.nf_conntrack_count": Operation not permitted',
    ],
  },
  {
    name: "nginx passes requests on to Services, and does not start where one is unknown",
    script: String.raw`kubectl create deployment back --image=hashicorp/http-echo -- /http-echo -text=hello-back -listen=:5678
kubectl expose deployment back --port=80 --target-port=5678
kubectl run whoami --image=traefik/whoami --port=80 --expose
kubectl wait --for=condition=Available deploy/back --timeout=60s; kubectl wait --for=condition=Ready pod/whoami --timeout=60s
cat > front.conf <<'C'
upstream backs { server back; server back.default.svc.cluster.local:80; }
server {
  listen 80;
  location / { root /usr/share/nginx/html; }
  location /api/ { proxy_pass http://backs/; }
  location /who { proxy_pass http://whoami; proxy_set_header Host $host; proxy_set_header X-Real-IP $remote_addr; }
  location /dead { proxy_pass http://127.0.0.1:9999; }
}
C
sed '1d; s/backs/nobody/' front.conf > lost.conf
for n in front lost; do
kubectl create configmap $n --from-file=default.conf=$n.conf
kubectl apply -f - <<Y
apiVersion: v1
kind: Pod
metadata: {name: $n}
spec:
  containers: [{name: nginx, image: nginx, volumeMounts: [{name: conf, mountPath: /etc/nginx/conf.d}]}]
  volumes: [{name: conf, configMap: {name: $n}}]
Y
done
kubectl wait --for=condition=Ready pod/front --timeout=60s; sleep 5
IP=$(kubectl get pod front -o jsonpath={.status.podIP})
ssh worker-1 "curl -s $IP/api/x; curl -s -H 'Host: shop' $IP/who?a=1; curl -s $IP/dead | grep title; curl -s $IP | grep title"
kubectl logs front | grep error; kubectl logs lost | grep 'nginx: .emerg'`,
    expect: [
      "hello-back",
      "GET /who?a=1 HTTP/1.1",
      "Host: shop",
      "X-Real-Ip: 10.200",
      "502 Bad Gateway",
      "Welcome to nginx!",
      "connect() failed (111: Connection refused) while connecting to upstream",
      'host not found in upstream "nobody" in /etc/nginx/conf.d/default.conf:4',
    ],
  },
  {
    // Exercises of TLS have an nginx whose ConfigMap says which versions it takes (ngx_http_ssl_module).
    name: "nginx speaks TLS with the certificate of a Secret, and the versions that its configuration names",
    script: String.raw`openssl req -x509 -nodes -days 365 -newkey rsa:2048 -keyout k.pem -out c.pem -subj /CN=web.k8s.local 2>/dev/null
kubectl create secret tls web-tls --key k.pem --cert c.pem
cat > default.conf <<'C'
ssl_certificate /etc/tls/tls.crt;
ssl_certificate_key /etc/tls/tls.key;
server {
  listen 443 ssl;
  server_name web.k8s.local;
  ssl_protocols TLSv1.3;
  ssl_ciphers HIGH:!aNULL:!MD5;
  location / { return 200 "this is $host\n"; }
}
server { listen 80; return 301 https://$host$request_uri; }
C
kubectl create configmap web --from-file=default.conf
kubectl apply -f - <<'Y'
apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  containers:
  - {name: nginx, image: nginx, volumeMounts: [{name: conf, mountPath: /etc/nginx/conf.d}, {name: tls, mountPath: /etc/tls}]}
  volumes: [{name: conf, configMap: {name: web}}, {name: tls, secret: {secretName: web-tls}}]
Y
kubectl wait --for=condition=Ready pod/web --timeout=60s
IP=$(kubectl get pod web -o jsonpath={.status.podIP})
ssh worker-1 "curl -sSk --tls-max 1.2 https://$IP; curl -sSk --resolve web.k8s.local:443:$IP https://web.k8s.local/; curl -s http://$IP:443 | grep title
curl -s -o /dev/null -w '%{http_code} %{redirect_url}\n' -H 'Host: web' http://$IP/a?b; curl -sS https://$IP 2>&1 | head -1; echo | openssl s_client -connect $IP:443 2>/dev/null | grep ^subject"
kubectl exec web -- sh -c 'sed s/tls.crt/no.crt/ /etc/nginx/conf.d/default.conf > /tmp/bad; printf "events {}\nhttp { include /tmp/bad; }" > /tmp/n.conf; nginx -t -c /tmp/n.conf' 2>&1 | tail -3`,
    expect: [
      "curl: (35) OpenSSL/3.0.15: error:0A00042E:SSL routines::tlsv1 alert protocol version",
      "this is web.k8s.local",
      "400 The plain HTTP request was sent to HTTPS port",
      "301 https://web/a?b",
      "SSL certificate problem: self-signed certificate",
      "subject=CN=web.k8s.local",
      'cannot load certificate "/etc/tls/no.crt": BIO_new_file() failed',
    ],
  },
  {
    name: "ping counts the machines on the way and heeds its options; curl goes elsewhere and asks for a part",
    script: `kubectl run n --image=nicolaka/netshoot --overrides='{"spec":{"nodeName":"worker-1"}}' -- sleep 1d >/dev/null; kubectl run web --image=nginx --port=80 --expose --overrides='{"spec":{"nodeName":"worker-2"}}' >/dev/null; kubectl wait --for=condition=ready pod/n pod/web >/dev/null
ip=$(kubectl get pod web -o jsonpath='{.status.podIP}'); x() { kubectl exec n -- "$@" 2>&1; }
x ping -c 1 $ip | sed -n 2p; ssh worker-1 ping -c 1 $ip | sed -n 2p; x ping -c 1 -t 1 $ip | sed -n 2p; x ping -c 1 -t 2 $ip | sed -n 2p; x ping -c 1 -I eth0 $ip | head -n 1; x ping -c 1 -I nope $ip; x ping -c 1 -M do -s 1500 $ip; x ping -f -c 3 $ip | tail -n 1
x curl -s --connect-to foo:80:web:80 http://foo/ -o /dev/null -w '%{http_code}\n'; x curl -s --connect-to ::$ip:80 http://bar:99/ -o /dev/null -w '%{http_code}\n'; x curl -s -r 0-8 web -w ' %{http_code}\n'; x curl -s -r 600- web -D - -o /dev/null | grep -i -e '^content' -e ^accept; x curl -s -r 9000- web -o /dev/null -w '%{http_code}\n'`,
    expect: [
      / ttl=62 /,
      / ttl=63 /,
      /^From 10\.200\.\d+\.1 icmp_seq=1 Time to live exceeded$/,
      /^From 10\.200\.\d+\.0 icmp_seq=1 Time to live exceeded$/,
      /^PING \S+ \(\S+\) from 10\.200\.\d+\.\d+ eth0: 56\(84\) bytes of data\.$/,
      "ping: SO_BINDTODEVICE nope: No such device",
      "ping: sendmsg: Message too long",
      /^rtt .* ms, ipg\/ewma /,
      /^200$/,
      /^200$/,
      "<!DOCTYPE 206",
      "Content-Length: 15",
      "Content-Range: bytes 600-614/615",
      /^416$/,
    ],
    never: [/Accept-Ranges/],
  },
  {
    // test/e2e/common/network/networking.go: Granular Checks Pods and Services, over HTTP and UDP.
    name: "agnhost's netexec answers HTTP and datagrams, asks others for a client, and runs commands; nc -u sends and takes them",
    script: `kubectl create deploy echo --image=registry.k8s.io/e2e-test-images/agnhost:2.53 --replicas=2 -- /agnhost netexec --http-port=8080 --udp-port=8081 >/dev/null
kubectl run c --image=registry.k8s.io/e2e-test-images/agnhost:2.53 -- netexec >/dev/null; kubectl wait --for=condition=available deploy/echo >/dev/null; kubectl wait --for=condition=ready pod/c >/dev/null
kubectl create service clusterip echo --tcp=80:8080 >/dev/null; kubectl patch svc echo -p '{"spec":{"ports":[{"name":"u","port":90,"targetPort":8081,"protocol":"UDP"}]}}' >/dev/null; sleep 2
ip=$(kubectl get pod -l app=echo -o jsonpath='{.items[0].status.podIP}'); ask() { kubectl exec c -- curl -s "http://localhost:8080/$1"; echo; }
ask "dial?host=$ip&port=8080&protocol=http&request=hostname&tries=2" | sed 's/echo-[a-z0-9-]*/POD/g'
ask "dial?host=$ip&port=8081&protocol=udp&request=hostname" | sed 's/echo-[a-z0-9-]*/POD/g'
ask "dial?host=echo&port=90&protocol=udp&request=hostname&tries=20" | grep -o 'echo-[a-z0-9-]*' | sort -u | wc -l
ask "dial?host=echo&port=80&protocol=http&request=hostname&tries=20" | grep -o 'echo-[a-z0-9-]*' | sort -u | wc -l
ask "dial?host=$ip&port=91&protocol=http&request=hostname" | grep -o 'connection refused'; ask "shell?cmd=echo+hi"; ask "echo?msg=a%20b"; ask "dial?host=x"
ssh worker-1 "echo 'echo hello' | nc -u -w 1 $ip 8081; echo; (timeout 3 nc -u -l 9999 </dev/null > /tmp/got &); sleep 0.1; echo one | nc -u -w 1 127.0.0.1 9999; cat /tmp/got; echo x | nc -u -w 1 127.0.0.1 9998; echo \\$?; nc -zv 192.168.108.21 22 2>&1"`,
    expect: [
      '{"responses":["POD","POD"]}',
      '{"responses":["POD"]}',
      /^2$/,
      /^2$/,
      "connection refused",
      '{"output":"hi\\n"}',
      /^a b$/,
      "port parameter not specified",
      /^hello$/,
      /^one$/,
      /^1$/,
      "Connection to 192.168.108.21 22 port [tcp/ssh] succeeded!",
    ],
  },
  {
    name: "VLANs carry frames to those of their number; devices count packets; a rule with a table of its own sends marked ones elsewhere",
    script: String.raw`cat > v.sh <<'S'
ip netns add a; ip link add v0 type veth peer name v1 netns a; ip link set v0 up; ip -n a link set v1 up
for id in 10 20; do ip link add link v0 name v0.$id type vlan id $id; ip link set v0.$id up; ip addr add 172.31.$id.1/24 dev v0.$id; done
ip -n a link add link v1 name v1.10 type vlan id 10; ip -n a link add link v1 name x type vlan id 21
ip -n a link set v1.10 up; ip -n a link set x up; ip -n a addr add 172.31.10.2/24 dev v1.10; ip -n a addr add 172.31.20.2/24 dev x
ping -c 1 -W 1 172.31.10.2 | grep -o '[0-9]* received'; ping -c 1 -W 1 172.31.20.2 | grep -o '[0-9]* received'
ip -o link show v0.10 | grep -o 'v0.10@v0: <[^>]*>'; ip -n a -d link show x | grep -o 'vlan protocol 802.1Q id 21'; ip link add link v0 type vlan id 5000
sent() { ip -s -j link show eth0 | jq '.[].stats64.tx.packets'; }
n=$(sent); curl -s -o /dev/null http://192.168.108.12:10256/healthz; [ $(sent) -gt $n ] && echo more
ip route add blackhole default table 7; ip rule add fwmark 7 lookup 7; iptables -t mangle -A OUTPUT -p tcp --dport 10256 -j MARK --set-mark 7
curl -s -m 2 http://192.168.108.12:10256/healthz; echo $?; ip rule del fwmark 7; curl -s -o /dev/null http://192.168.108.12:10256/healthz; echo $?
S
scp -q v.sh worker-1:; ssh worker-1 "sudo bash v.sh" 2>&1`,
    expect: [
      /^1 received$/,
      /^0 received$/,
      /^v0.10@v0: <BROADCAST,MULTICAST,UP,LOWER_UP>$/,
      /^vlan protocol 802.1Q id 21$/,
      "Error: Invalid VLAN id.",
      /^more$/,
      /^28$/,
      /^0$/,
    ],
  },
  {
    // net/sched/sch_netem.c; the words of tc are compared with the real one's in test/differential/netfilter/tc.txt.
    name: "tc's netem makes packets wait and loses some, for connections, datagrams and echoes, until it is taken away",
    script: String.raw`kubectl create deploy web --image=nginx >/dev/null; kubectl wait --for=condition=available deploy/web >/dev/null
cat > n.sh <<'S'
P=$1; t() { curl -s -m 5 -o /dev/null -w '%{time_connect} %{time_total} ' http://$P; echo "rc $?"; }
tc qdisc show dev eth0 | grep -o '^qdisc fq_codel 0: root refcnt 2 limit 10240p'
tc qdisc add dev eth0 root netem delay 100ms; tc qdisc show dev eth0; ip link show eth0 | grep -o 'qdisc netem'
t | awk '{ print ($1 > 0.1 && $1 < 0.11), ($2 > 0.2 && $2 < 0.25) }'; ping -c 2 -q $P | grep -o 'min/avg.*' | awk -F'[ /]' '{ print ($6 > 100 && $6 < 102) }'
tc qdisc add dev eth0 root netem delay 1ms; tc qdisc change dev eth0 root netem loss 100%; t; ping -c 2 -W 1 -q $P | grep -o '100% packet loss'
tc qdisc change dev eth0 root netem loss 30%; ping -c 40 -i 0.2 -W 1 -q $P | grep -o '[0-9]*% packet loss' | awk '{ print ($1 + 0 > 5 && $1 + 0 < 60) }'
tc qdisc del dev eth0 root; tc qdisc del dev eth0 root; t | awk '{ print ($1 < 0.01) }'
S
scp -q n.sh worker-1:; P=$(kubectl get pods -o wide --no-headers | awk '{ print $6, $7 }'); [ "${"${P#* }"}" = worker-1 ] && H=worker-2 || H=worker-1; scp -q n.sh $H:; ssh $H "sudo bash n.sh ${"${P% *}"}" 2>&1`,
    expect: [
      "qdisc fq_codel 0: root refcnt 2 limit 10240p",
      "qdisc netem 8001: root refcnt 2 limit 1000 delay 100ms",
      "qdisc netem",
      /^1 1$/,
      /^1$/,
      "Error: Exclusivity flag on, cannot modify.",
      /rc 28$/,
      "100% packet loss",
      /^1$/,
      "Error: Cannot delete qdisc with handle of zero.",
      /^1$/,
    ],
  },
  {
    // pkg/proxy/conntrack/cleanup.go: kube-proxy lets no client stay with an endpoint that is gone.
    name: "a UDP Service's connections are forgotten once their endpoint is gone and another has come",
    script: `kubectl create deploy echo --image=registry.k8s.io/e2e-test-images/agnhost:2.53 -- /agnhost netexec --udp-port=8081 >/dev/null; kubectl expose deploy echo --port 90 --target-port 8081 --protocol UDP >/dev/null
kubectl wait --for=condition=available deploy/echo >/dev/null; sleep 1; ip=$(kubectl get svc echo -o jsonpath='{.spec.clusterIP}')
seen() { ssh worker-1 "sudo conntrack -L -p udp --orig-dst $ip 2>/dev/null" | wc -l; }
ssh worker-1 "echo 'echo hello' | nc -u -w 1 $ip 90"; echo; seen | sed 's/[1-9][0-9]*/some/'
kubectl delete pod -l app=echo --grace-period=1 >/dev/null; kubectl wait --for=condition=ready pod -l app=echo >/dev/null; sleep 2; seen`,
    expect: [/^hello$/, /^some$/, /^0$/],
  },
  {
    // xtables-monitor(8), nft(8): the tools' words are compared with the real ones' in test/differential/netfilter/nft.txt.
    name: "a traced packet is followed through the rules of its node: iptables' TRACE and nft's nftrace",
    script: `kubectl create deploy web --image=nginx >/dev/null; kubectl expose deploy web --port 80 >/dev/null; kubectl run c --image=nicolaka/netshoot --overrides='{"spec":{"nodeName":"worker-1"}}' -- sleep 1d >/dev/null; kubectl wait --for=condition=available deploy/web >/dev/null; kubectl wait --for=condition=ready pod/c >/dev/null; sleep 1
ip=$(kubectl get svc web -o jsonpath='{.spec.clusterIP}'); ssh worker-1 sudo iptables -t raw -A PREROUTING -d $ip -p tcp -j TRACE
(ssh worker-1 'sudo timeout 6 xtables-monitor --trace' > x) & (ssh worker-1 'sudo timeout 6 nft monitor trace' > n) & sleep 2
kubectl exec c -- curl -s -o /dev/null -w '%{http_code}\n' http://$ip; kubectl exec c -- bash -c "exec 3<>/dev/tcp/$ip/80; printf 'HEAD / HTTP/1.0\r\n\r\n' >&3; head -n 1 <&3"; sleep 5
grep -oE 'nat:.*JUMP:[A-Z0-9-]*|-j DNAT' x | sed -E 's/0x[0-9a-f]*/N/; s/-[A-Z0-9]{16}//g' | head -n 4; grep -oE 'filter:FLANNEL-FWD.*' x | sed 's/0x[0-9a-f]*/N/' | head -n 1
grep -c PACKET x; grep -oE 'nat KUBE-SEP.*dnat to' n | sed -E 's/-[A-Z0-9]{16}//; s/packets [0-9]+ bytes [0-9]+/N/' | head -n 1; grep -c 'nat PREROUTING packet: iif "cni0" ether saddr' n`,
    expect: [
      /^200$/,
      /^HTTP\/1.1 200 OK/,
      "nat:PREROUTING:rule:N:JUMP:KUBE-SERVICES",
      "nat:KUBE-SERVICES:rule:N:JUMP:KUBE-SVC",
      "nat:KUBE-SVC:rule:N:JUMP:KUBE-SEP",
      "-j DNAT",
      "filter:FLANNEL-FWD:rule:N:ACCEPT  iptables -t filter -A FLANNEL-FWD -s 10.200.0.0/16",
      /^8$/,
      "nat KUBE-SEP rule ip protocol tcp  meta l4proto tcp counter N dnat to",
      /^2$/,
    ],
  },
  {
    // net/core/neighbour.c: a machine that is gone is believed in for a while, then asked for in vain.
    name: "a machine without power is soon unreachable to its neighbours; what an overlay carries to it is lost in silence",
    script: `kubectl run far --image=nginx --overrides='{"spec":{"nodeName":"worker-3"}}' >/dev/null; kubectl wait --for=condition=ready pod/far >/dev/null; ip=$(kubectl get pod far -o jsonpath='{.status.podIP}')
ssh worker-1 ping -c 1 192.168.108.23 >/dev/null; ssh worker-3 sudo poweroff; sleep 1; ssh worker-1 ping -c 2 192.168.108.23 | tail -n 2; sleep 60
ssh worker-1 'ping -c 2 192.168.108.23 | grep From; nc -zv 192.168.108.23 22; ip neigh show 192.168.108.23' 2>&1; ssh worker-1 "curl -sS -m 4 http://$ip" 2>&1; kubectl logs far 2>&1`,
    expect: [
      "2 packets transmitted, 0 received, 100% packet loss",
      "From 192.168.108.21 icmp_seq=1 Destination Host Unreachable",
      "From 192.168.108.21 icmp_seq=2 Destination Host Unreachable",
      "nc: connect to 192.168.108.23 port 22 (tcp) failed: No route to host",
      "192.168.108.23 dev eth0 FAILED",
      /^curl: \(28\) /,
      "dial tcp 192.168.108.23:10250: connect: no route to host",
    ],
  },
  {
    // kex.c kex_exchange_identification.
    name: "sshd says who it is to whoever speaks no SSH, and notes it",
    script: `ssh worker-2 "echo hello | nc -N -w 2 192.168.108.21 22; nc -N -w 1 192.168.108.21 22 </dev/null"; ssh worker-1 sudo journalctl -u ssh --no-pager -o cat | grep -oE 'client sent.*|banner exchange.*'; ssh worker-1 echo fine`,
    expect: [
      /^SSH-2.0-OpenSSH_9.2p1 Debian-2\+deb12u5\r?$/,
      /^Invalid SSH identification string\.\r?$/,
      /^SSH-2.0-OpenSSH_9.2p1 Debian-2\+deb12u5\r?$/,
      'client sent invalid protocol identifier "hello"',
      /^banner exchange: Connection from 192\.168\.108\.22 port \d+: invalid format$/,
      /^fine$/,
    ],
  },
  {
    name: "an endless input to nc ends with its connection",
    script: `(ssh worker-1 'python3 -m http.server 8080 >/dev/null 2>&1') & sleep 2; ssh worker-2 'timeout 2 nc 192.168.108.21 8080 </dev/zero >/dev/null; echo ended'; ssh worker-2 'timeout 2 nc -N 192.168.108.21 22 </dev/zero >/dev/null; echo ended'`,
    expect: [/^ended$/, /^ended$/],
  },
  {
    // xt_hashlimit.c, xt_connlimit.c, xt_time.c, xt_set.c, xt_quota.c.
    name: "rules that count: a rate for each client, connections that go on, hours, sets that rules fill, bytes",
    script: `ip=192.168.108.21; x() { ssh worker-1 sudo "$@"; }; (ssh worker-1 'python3 -m http.server 8080 >/dev/null 2>&1') & sleep 2
ask() { ssh worker-2 "for i in $1; do curl -s -o /dev/null -m 1 -w '%{http_code} ' $ip:8080; done"; echo; }
x iptables -I INPUT -p tcp --dport 8080 --syn -m hashlimit --hashlimit-name web --hashlimit-above 3/min --hashlimit-burst 3 --hashlimit-mode srcip -j REJECT --reject-with tcp-reset
ask '1 2 3 4 5'; curl -s -o /dev/null -w '%{http_code}\n' $ip:8080; sleep 20; ask '1 2'; x iptables -D INPUT 1
x ipset create seen hash:ip timeout 30; x iptables -I INPUT -p tcp --dport 8080 -j SET --add-set seen src; ask 1; x ipset list seen | grep -c 192.168.108.22; sleep 31; x ipset list seen | grep -c 192.168.108.22; x iptables -D INPUT 1
date -u +%H; x iptables -I INPUT -p tcp --dport 8080 -m time --timestart 09:00 --timestop 09:10 -j REJECT; ask 1; sleep 600; ask 1; x iptables -D INPUT 1
x iptables -I INPUT -p tcp --dport 8080 --syn -m quota '!' --quota 130 -j REJECT; ask '1 2 3 4'; x iptables -D INPUT 1
x iptables -I INPUT -p tcp --dport 8080 -m connlimit --connlimit-above 1 -j REJECT; ask 1; (ssh worker-2 "sleep 9 | timeout 4 nc $ip 8080" >/dev/null 2>&1) & sleep 1; ask 1; sleep 6; ask 1`,
    expect: [
      /^200 200 200 000 000 $/,
      /^200$/,
      /^200 000 $/,
      /^200 $/,
      /^1$/,
      /^0$/,
      /^09$/,
      /^000 $/,
      /^200 $/,
      /^200 200 000 000 $/,
      /^200 $/,
      /^000 $/,
      /^200 $/,
    ],
  },
  {
    // pkg/proxy/iptables/proxier.go NewDualStackProxier: a kube-proxy for each family for which there are tables; kubelet_network_linux.go.
    name: "ip6tables has kube-proxy's and the kubelet's chains, too, without a Service in them",
    script: `ssh worker-1 sudo ip6tables -t nat -S | tail -n 1; ssh worker-1 sudo ip6tables -t nat -S | grep -c KUBE-SVC; ssh worker-1 sudo ip6tables -S INPUT | head -n 2; ssh worker-1 sudo ip6tables -t mangle -S | grep KUBE
ssh worker-1 sudo nft list tables | sort; ssh worker-1 'sudo ip6tables -A INPUT -s fd00::/8 -j DROP; sudo ip6tables -S INPUT | tail -n 1; sudo iptables -S INPUT | grep -c fd00'; kubectl -n kube-system logs ds/kube-proxy 2>/dev/null | grep -o 'kube-proxy running in dual-stack mode.*'`,
    expect: [
      /^-A KUBE-SERVICES ! -d ::1\/128 -m comment --comment "kubernetes service nodeports; NOTE.* -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS$/,
      /^0$/,
      /^-P INPUT ACCEPT$/,
      /^-A INPUT /,
      /^-N KUBE-IPTABLES-HINT$/,
      /^-N KUBE-KUBELET-CANARY$/,
      /^-N KUBE-PROXY-CANARY$/,
      /^table ip filter$/,
      /^table ip mangle$/,
      /^table ip nat$/,
      /^table ip6 filter$/,
      /^table ip6 mangle$/,
      /^table ip6 nat$/,
      /^-A INPUT -s fd00::\/8 -j DROP$/,
      /^0$/,
      'kube-proxy running in dual-stack mode" primary ipFamily="IPv4"',
    ],
  },
  {
    // What iputils says on a machine without an IPv6 address.
    name: "nothing has an IPv6 address to ping or to route to",
    script: `ssh worker-1 'ping -6 -c 1 192.0.2.1; ping -4 -c 1 ::1; ping -6 -c 1 worker-2; ping -c 1 2001:db8::1; ping6 -c 1 localhost; echo $?; ip -6 route; ip -6 addr; ip -4 -o addr show to 192.168.108.0/24' 2>&1`,
    expect: [
      "ping: 192.0.2.1: Address family for hostname not supported",
      "ping: ::1: Address family for hostname not supported",
      "ping: worker-2: Address family for hostname not supported",
      "ping: connect: Network is unreachable",
      "ping: connect: Cannot assign requested address",
      /^2$/,
      /^2: eth0 +inet 192\.168\.108\.21\/24 brd 192\.168\.108\.255 scope global eth0/,
    ],
    never: [/^default via/],
  },
  {
    name: "neighbours are those that somebody has spoken to; who does not answer is asked three times and given up",
    script: `ssh worker-1 sudo bash <<'X' 2>&1
ip neigh flush all; ip neigh show dev eth0 192.168.108.22; ping -c 1 192.168.108.22 | grep loss; ip neigh show 192.168.108.22 | sed 's/lladdr [0-9a-f:]*/MAC/'
(timeout 10 tcpdump -i eth0 -nlc 5 'arp host 192.168.108.99 or arp host 192.168.108.23' 2>/dev/null | cut -d ' ' -f 2- | sed 's/is-at [0-9a-f:]*/is-at MAC/' &) ; sleep 0.1
ping -c 1 192.168.108.23 | grep loss; ping -c 3 192.168.108.99; (ping -c 1 192.168.108.98 >/dev/null &); sleep 1; ip neigh show nud incomplete
curl -s -m 9 http://192.168.108.97; echo $?; ip neigh show nud failed; grep 108.97 /proc/net/arp
ip neigh add 192.168.108.22 lladdr 02:00:00:00:00:01 dev eth0; ip neigh replace 192.168.108.22 lladdr 02:00:00:00:00:01 dev eth0; ip neigh show nud permanent | grep 108; ping -c 1 -W 1 192.168.108.22 | grep loss
ip neigh del 192.168.108.22 dev eth0; ping -c 1 192.168.108.22 | grep loss; ip -s neigh flush to 192.168.108.97 | grep Round; ip neigh get 192.168.108.97 dev eth0; ip neigh flush; ip neigh foo; ip neigh show nud bogus
X`,
    expect: [
      "1 packets transmitted, 1 received, 0% packet loss",
      /^192\.168\.108\.22 dev eth0 MAC REACHABLE $/,
      "ARP, Request who-has 192.168.108.23 tell 192.168.108.21, length 28",
      "ARP, Reply 192.168.108.23 is-at MAC, length 28",
      "1 packets transmitted, 1 received, 0% packet loss",
      "ARP, Request who-has 192.168.108.99 tell 192.168.108.21, length 28",
      "ARP, Request who-has 192.168.108.99 tell 192.168.108.21, length 28",
      "ARP, Request who-has 192.168.108.99 tell 192.168.108.21, length 28",
      "From 192.168.108.21 icmp_seq=1 Destination Host Unreachable",
      "From 192.168.108.21 icmp_seq=3 Destination Host Unreachable",
      "3 packets transmitted, 0 received, +3 errors, 100% packet loss",
      /^pipe 3$/,
      /^192\.168\.108\.98 dev eth0 INCOMPLETE $/,
      /^7$/,
      /^192\.168\.108\.97 dev eth0 FAILED $/,
      /^192\.168\.108\.97 +0x1 +0x0 +00:00:00:00:00:00 +\* +eth0$/,
      "RTNETLINK answers: File exists",
      "192.168.108.22 dev eth0 lladdr 02:00:00:00:00:01 PERMANENT",
      "1 packets transmitted, 0 received, 100% packet loss",
      "1 packets transmitted, 1 received, 0% packet loss",
      "*** Round 1, deleting 1 entries ***",
      "Error: Neighbour entry not found.",
      "Flush requires arguments.",
      'Command "foo" is unknown, try "ip neigh help".',
      'Error: argument "bogus" is wrong: nud state is bad',
    ],
  },
  {
    name: "two namespaces on a cable see each other, and only each other",
    script: `ssh worker-1 sudo bash <<'X' 2>&1
ip netns add red; ip netns add blue; ip netns add red; ip netns list | head -n 2
ip link add veth-red type veth peer name veth-blue
ip link set veth-red netns red; ip link set veth-blue netns blue
ip -n red addr add 192.168.15.1/24 dev veth-red; ip -n blue addr add 192.168.15.2/24 dev veth-blue
ip -n red link set veth-red up; ip -br -n red link | cut -c 1-31
ip -n blue link set veth-blue up; ip -n red addr show veth-red | grep inet; ip -n red route
ip netns exec red ping -c 1 192.168.15.2 | grep loss; ip netns exec red ping -c 1 8.8.8.8; ping -c 1 -W 1 192.168.15.1 | grep loss
ip netns exec red ip neigh | sed 's/lladdr .*REACH/MAC REACH/'
ip netns exec green true; ip netns del green
ip -n red link del veth-red; ip -n blue link | grep -c veth
X`,
    expect: [
      'Cannot create namespace file "/run/netns/red": File exists',
      /^blue$/,
      /^red$/,
      /^veth-red@if\d+ +LOWERLAYERDOWN$/,
      /^ {4}inet 192\.168\.15\.1\/24 scope global veth-red$/,
      "192.168.15.0/24 dev veth-red proto kernel scope link src 192.168.15.1",
      "1 packets transmitted, 1 received, 0% packet loss",
      "ping: connect: Network is unreachable",
      "100% packet loss",
      "192.168.15.2 dev veth-red MAC REACHABLE",
      'Cannot open network namespace "green": No such file or directory',
      'Cannot remove namespace file "/run/netns/green": No such file or directory',
      /^0$/,
    ],
  },
  {
    name: "namespaces on a bridge get out once their addresses are masqueraded",
    script: `ssh worker-1 sudo bash <<'X' 2>&1
ip link add v-net-0 type bridge; ip link set v-net-0 up
for n in red blue; do
  ip netns add $n; ip link add veth-$n type veth peer name veth-$n-br
  ip link set veth-$n netns $n; ip link set veth-$n-br master v-net-0 up
done
ip -n red addr add 192.168.15.1/24 dev veth-red; ip -n red link set veth-red up
ip -n blue addr add 192.168.15.2/24 dev veth-blue; ip -n blue link set veth-blue up
ip netns exec red ping -c 1 192.168.15.2 | grep loss
ping -c 1 -W 1 192.168.15.1 | grep loss
ip addr add 192.168.15.5/24 dev v-net-0; ping -c 1 192.168.15.1 | grep loss
ip netns exec blue ping -c 1 192.168.108.22
ip netns exec blue ip route add default via 192.168.15.5; ip netns exec blue ping -c 1 -W 1 192.168.108.22 | grep loss
iptables -t nat -A POSTROUTING -s 192.168.15.0/24 -j MASQUERADE; ip netns exec blue ping -c 1 192.168.108.22 | grep loss
ip netns exec blue curl -s -o /dev/null -w '%{http_code}\\n' http://192.168.108.22:10256/healthz
ip -br link show master v-net-0 | awk '{print $1}' | sed 's/@.*//'; bridge link show dev veth-red-br | grep -o 'master v-net-0 state [a-z]*'
ip link set veth-red-br down; ip netns exec blue ping -c 1 -W 1 192.168.15.1 | grep -E 'loss|Unreach'
X`,
    expect: [
      "1 packets transmitted, 1 received, 0% packet loss",
      "100% packet loss",
      "1 packets transmitted, 1 received, 0% packet loss",
      "ping: connect: Network is unreachable",
      "100% packet loss",
      "1 packets transmitted, 1 received, 0% packet loss",
      /^200$/,
      "veth-red-br",
      "veth-blue-br",
      "master v-net-0 state forwarding",
      "100% packet loss",
    ],
  },
  {
    name: "connections are seen by ss, netstat and conntrack",
    script: `kubectl run web --image=nginx >/dev/null; kubectl expose pod web --port=80 --labels=run=web >/dev/null; kubectl wait --for=condition=Ready pod/web >/dev/null
ip=$(kubectl get svc web -o jsonpath='{.spec.clusterIP}')
ssh worker-1 sudo bash -s $ip <<'X' 2>&1
ss -tnH state established dport = :443 | awk '{print $4}'; ss -tn '( dport = :6443 or sport = :22 )' | sed -n 2p | awk '{print $1, $5}'
ss -tlnH 'sport = :10250' | awk '{print $4}'; netstat -tn | grep ESTABLISHED | grep -c 6443 | sed 's/[1-9]/some/'
conntrack -E -p tcp --dport 80 > events 2> told & sleep 1; curl -s -o /dev/null http://$1; sleep 1; kill -INT $!; wait
sed -E 's/(src|dst)=10[0-9.]*/\\1=IP/g; s/192.168.108.21/NODE/g; s/sport=[0-9]{5}/sport=N/g; s/dport=[0-9]{5}/dport=N/g' events; cat told
X`,
    expect: [
      /^10\.201\.0\.1:443$/,
      /^ESTAB 192\.168\.108\.10:6443$/,
      /^0\.0\.0\.0:10250$/,
      /^some$/,
      /^ {4}\[NEW\] tcp {6}6 120 SYN_SENT src=NODE dst=IP sport=N dport=80 \[UNREPLIED\] src=IP dst=\S+ sport=80 dport=N$/,
      /^ \[UPDATE\] tcp {6}6 60 SYN_RECV src=NODE dst=IP sport=N dport=80 src=IP dst=\S+ sport=80 dport=N$/,
      /^ \[UPDATE\] tcp {6}6 86400 ESTABLISHED src=NODE dst=IP sport=N dport=80 src=IP dst=\S+ sport=80 dport=N \[ASSURED\]$/,
      / 6 120 FIN_WAIT .*\[ASSURED\]$/,
      / 6 30 LAST_ACK .*\[ASSURED\]$/,
      / 6 120 TIME_WAIT .*\[ASSURED\]$/,
      "conntrack v1.4.8 (conntrack-tools): 6 flow events have been shown.",
    ],
  },
  {
    name: "a Pod's namespace has a name on its node",
    script: `kubectl run web --image=nginx >/dev/null; kubectl wait --for=condition=Ready pod/web >/dev/null
n=$(kubectl get pod web -o jsonpath='{.spec.nodeName}'); ip=$(kubectl get pod web -o jsonpath='{.status.podIP}')
ssh $n sudo bash <<X 2>&1
for ns in \\$(ip netns list | awk '{print \\$1}'); do ip netns exec \\$ns ip -4 -o addr show eth0 | grep -q "inet $ip/" && found=\\$ns; done
echo \\$found | sed 's/[0-9a-f]\\{8\\}-.*/ID/'
ip netns exec \\$found ss -Htln | awk '{print \\$4}'; ip netns exec \\$found curl -s -o /dev/null -w '%{http_code}\\n' http://localhost
ip netns identify \\$(ip netns pids \\$found | head -n 1) | sed 's/[0-9a-f]\\{8\\}-.*/ID/'; ls /var/run/netns | grep -c \\$found
ip -o link | grep -c 'master cni0 .*link-netns cni-'
X
ssh $n ip netns exec nothing true`,
    expect: [
      /^cni-ID$/,
      "0.0.0.0:80",
      /^200$/,
      /^cni-ID$/,
      /^1$/,
      /^[1-9]$/,
      'Cannot open network namespace "nothing"',
    ],
  },
  {
    name: "curl holds a certificate against its authority and the name that was asked for",
    script: `ssh cp-1 sudo cat /etc/kubernetes/pki/ca.crt > ca.crt; at="--resolve kubernetes:6443:192.168.108.11 --resolve foo.example:6443:192.168.108.11"
curl -s --cacert ca.crt $at https://kubernetes:6443/healthz; echo
curl -sS --cacert ca.crt $at https://foo.example:6443/healthz; echo "rc $?"
curl -sS $at https://kubernetes:6443/healthz; curl -sS https://worker-1:10250/healthz
curl -sv --cacert ca.crt $at https://kubernetes:6443/healthz 2>&1 | grep '^\\*  s\\|^\\*  SSL'
curl -svk $at https://foo.example:6443/healthz 2>&1 | grep '^\\*  SSL'
openssl req -x509 -nodes -newkey rsa:2048 -keyout k.pem -out c.pem -days 30 -subj /CN=own 2>/dev/null
curl -sS --cacert c.pem $at https://kubernetes:6443/healthz`,
    expect: [
      "ok",
      "curl: (60) SSL: no alternative certificate subject name matches target host name 'foo.example'",
      "rc 60",
      "curl: (60) SSL certificate problem: unable to get local issuer certificate",
      "curl: (60) SSL certificate problem: self-signed certificate in certificate chain",
      "*  subject: CN=kube-apiserver",
      "*  start date: Mar  2 09:00:00 2026 GMT",
      '*  subjectAltName: host "kubernetes" matched cert\'s "kubernetes"',
      "*  SSL certificate verify ok.",
      "*  SSL certificate verify result: unable to get local issuer certificate (20), continuing anyway.",
      "curl: (60) SSL certificate problem: unable to get local issuer certificate",
    ],
  },
  {
    name: "agnhost tells in a word why a port cannot be reached, and has BIND's tools",
    script: `kubectl apply -f https://k8s.io/examples/admin/dns/dnsutils.yaml; kubectl run web --image=nginx --port=80 --expose
kubectl wait --for=condition=Ready pod/dnsutils pod/web >/dev/null; ip=$(kubectl get pod web -o jsonpath='{.status.podIP}')
kubectl exec dnsutils -- nslookup kubernetes.default; kubectl exec dnsutils -- dig +short web.default.svc.cluster.local
for to in web:80 $ip:81 nope:80 10.200.77.7:80; do kubectl exec dnsutils -- /agnhost connect $to --timeout=2s 2>&1 | head -1; echo "$to \${PIPESTATUS[0]}"; done
kubectl exec dnsutils -- /agnhost dns-suffix`,
    expect: [
      /^Address:\t[\d.]+#53$/,
      "Name:\tkubernetes.default.svc.cluster.local",
      /^[\d.]+$/,
      "web:80 0",
      "REFUSED",
      "DNS: lookup nope: no such host",
      "TIMEOUT",
      "default.svc.cluster.local,svc.cluster.local,cluster.local",
    ],
  },
  {
    name: "who listens on a node's bridge sees the kubelet's probes",
    script: `kubectl apply -f - <<'Y'
apiVersion: v1
kind: Pod
metadata: {name: p}
spec:
  nodeName: worker-1
  containers:
  - name: c
    image: nginx
    readinessProbe: {httpGet: {path: /, port: 80}, periodSeconds: 3}
    livenessProbe: {tcpSocket: {port: 80}, periodSeconds: 3}
Y
kubectl wait --for=condition=Ready pod/p; sleep 5; ssh worker-1 'sudo timeout 7 tcpdump -i cni0 -n -t port 80 2>/dev/null' > seen
grep -c 'Flags .S.,' seen | sed 's/^[4-6]$/a SYN for each probe/'; grep -c 'GET / HTTP' seen | sed 's/^[23]$/two requests or three/'; grep -c 'Flags .F' seen | sed 's/^\\(8\\|10\\|12\\)$/all closed/'
kubectl get pod p --no-headers`,
    expect: ["a SYN for each probe", "two requests or three", "all closed", /^p +1\/1 +Running +0 /],
  },
];

describe("networks by hand", () => {
  test.each(SCENARIOS)("$name", (scenario) => {
    expect(play(scenario)).toEqual([]);
  });
});

const WAYS: readonly Scenario[] = [
  {
    name: "arping, tracepath and mtr tell who is on the wire and on the way",
    script: `ssh worker-1 sudo bash <<'X' 2>&1
arping -c 2 192.168.108.22 | sed 's/[0-9.]*ms/T/'; arping -c 1 -w 1 192.168.108.250; echo "rc $?"
tracepath -n 192.168.108.22 | sed 's/[0-9.]*ms/T/'
mtr -rn -c 2 192.168.108.22 | tail -n 2 | cut -c 1-52
X
arping -c 1 worker-1
kubectl run bb --image=busybox -- sleep 1d >/dev/null; kubectl wait --for=condition=Ready pod/bb >/dev/null
kubectl exec bb -- sh -c 'arping -c 2 -I eth0 $(ip route | sed -n "s/default via \\([0-9.]*\\).*/\\1/p")' | sed 's/[0-9.]*ms/T/; s/10[.][0-9.]*/IP/g; s/\\[.*\\]/[MAC]/'`,
    expect: [
      "ARPING 192.168.108.22 from 192.168.108.21 eth0",
      /^Unicast reply from 192\.168\.108\.22 \[52:54:00:C0:A8:16\] {2}T$/,
      "Sent 2 probes (1 broadcast(s))",
      "Received 2 response(s)",
      "Received 0 response(s)",
      /^rc 1$/,
      /^ 1\?: \[LOCALHOST\] +pmtu 1500$/,
      /^ 1: {2}192\.168\.108\.22 +T reached$/,
      "     Resume: pmtu 1500 hops 1 back 1",
      /^HOST: worker-1 +Loss% +Snt/,
      /^ {2}1\.\|-- 192\.168\.108\.22 +0\.0% +2 /,
      "arping: socket: Operation not permitted",
      "ARPING to IP from IP via eth0",
      "Unicast reply from IP [MAC] T",
      "Sent 2 probe(s) (1 broadcast(s))",
      "Received 2 response(s) (0 request(s), 0 broadcast(s))",
    ],
  },
  {
    name: "whoami and echo servers tell what they were asked as theirs do, and telnet without input ends",
    script: `kubectl run who --image=traefik/whoami --port=80 --expose -- --verbose --name=me >/dev/null; kubectl run echo --image=mendhak/http-https-echo --port=8080 --expose >/dev/null; kubectl run net --image=nicolaka/netshoot -- sleep 1d >/dev/null; kubectl wait --for=condition=ready pod --all >/dev/null; sleep 2
kubectl exec net -- curl -s -H 'x-b: 2' -A me who/a | tr -d '\\r'; kubectl exec net -- curl -s who/api | jq -c '[.name, .headers.Accept, .url]'; kubectl logs who | tail -1
kubectl exec net -- zsh -c 'for i in {1..2}; do curl -s "echo:8080/p?q=1" | grep hostname; done'; kubectl exec net -- curl -s -d a=b echo:8080 | jq -c '[.body, .method, .query]'; kubectl logs echo | grep '"path": "/p"'
kubectl exec net -- telnet who 80; echo rc $?; kubectl exec net -- timeout 3 tcpdump -i any tcp port 80 -nnq 2>/dev/null | head -1 & sleep 1; kubectl exec net -- curl -s -o /dev/null who; wait`,
    expect: [
      /^Name: me$/,
      /^Hostname: who$/,
      /^GET \/a HTTP\/1.1$/,
      /^Host: who$/,
      /^User-Agent: me$/,
      /^Accept: \*\/\*$/,
      /^X-B: 2$/,
      '["me",["*/*"],"/api"]',
      '"GET /api HTTP/1.1" - -',
      /^ {2}"hostname": "echo",$/,
      /^ {4}"hostname": "echo"$/,
      /^ {2}"hostname": "echo",$/,
      '["a=b","POST",{}]',
      /^ {4}"path": "\/p",$/,
      "Connected to who",
      /^rc 0$/,
      /^[\d:.]+ eth0 +Out IP 10\.[\d.]+ > 10\.[\d.]+\.80: tcp 0$/,
    ],
  },
];

describe("ways", () => {
  test.each(WAYS)("$name", (scenario) => {
    expect(play(scenario)).toEqual([]);
  });
});
