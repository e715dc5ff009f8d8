import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Shown, Stage } from "../stage.ts";

/**
 * What connections of a whole session look like on a Pod's device and on a node's: captured there with -w, and read by the
 * real tcpdump and by the machine's own. The lines of both are the same.
 */
const able = spawnSync("tcpdump", ["--version"], { encoding: "utf8" });
if (able.error) console.error("The real tcpdump cannot be asked here: it is not installed.");

const TRAFFIC = `
kubectl create deployment web --image=nginx --replicas=2 >/dev/null; kubectl expose deployment web --port=80 >/dev/null
kubectl create deployment shut --image=nginx >/dev/null; kubectl expose deployment shut --port=80 >/dev/null
kubectl run c --image=nicolaka/netshoot -- sleep 100000 >/dev/null
kubectl wait --for=condition=Available deployment --all --timeout=180s >/dev/null; kubectl wait --for=condition=Ready pod/c >/dev/null
kubectl apply -f - >/dev/null <<'YAML'
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: shut }
spec: { podSelector: { matchLabels: { app: shut } } }
YAML
node=$(kubectl get pod c -o jsonpath='{.spec.nodeName}')
web=$(kubectl get pods -l app=web -o jsonpath="{.items[?(@.spec.nodeName!='$node')].status.podIP}" | cut -d' ' -f1)
kubectl exec c -- tcpdump -i eth0 -w /tmp/pod.pcap 2>/dev/null &
ssh $node sudo tcpdump -i eth0 -w /tmp/node.pcap 'udp port 8472' 2>/dev/null &
ssh $node sudo tcpdump -i any -w /tmp/any.pcap host $web 2>/dev/null &
sleep 2
ask() { kubectl exec c -- "$@" >/dev/null 2>&1; }
ask curl -s http://web; ask curl -s http://$web/nothing; ask curl -s http://$web:81
ask curl -s -m 4 http://shut; ask curl -s -k https://kubernetes/version
ask ping -c 2 $web; ask dig +short no.such.name; ask dig -t SRV _http._tcp.web.default.svc.cluster.local; ask nc -z web 80
ask nc -u -w 1 -z $web 1234
sleep 8
ssh $node sudo pkill tcpdump; sleep 1
`;

const OPTIONS = [
  "-n",
  "-n -v",
  "-n -vv",
  "-n -e",
  "-n -S",
  "-n -q",
  "-n -t",
  "-n -tt",
  "-n -ttt",
  "-n -tttt",
  "-n -ttttt",
  "-n -x -c 6",
  "-n -xx -c 6",
  "-n -X -c 12",
  "-n -XX -c 6",
  "-n -A -c 12",
  "-n -# -c 30",
  "-n icmp",
  "-n tcp port 80",
  "tcp port 80 -nnq -c 8",
  "-n port 53 or port 443",
  "-n port 53 or 443",
  "-n not udp and not icmp",
  "-n 'tcp[tcpflags] & (tcp-syn|tcp-fin) != 0'",
  "-n 'tcp[13] = 2'",
  "-n 'tcp[tcpflags] == tcp-syn'",
  "-n src net 10.200.0.0/16 and dst port 80",
  "-n 'host 10.201.0.10 and (udp or icmp)'",
  "-n portrange 80-82",
  "-n greater 300",
  "-n len '<' 70",
  "-n 'icmp[icmptype] = icmp-echo'",
  "--count -n udp",
  "-n ip proto",
  "-n port nosuch",
  "-n nonsense",
];

const dir = mkdtempSync(join(tmpdir(), "kubetude-tcpdump-"));
let stage: Stage;

function run(text: string): Shown {
  const shown = stage.run(text);
  expect(shown.faults).toEqual([]);
  return shown;
}

describe.runIf(!able.error)("what tcpdump reads", () => {
  beforeAll(() => {
    stage = new Stage({ seed: 4, topology: { controlPlanes: 1, workers: 2, loadBalancers: 0 } });
    run(TRAFFIC);
    const encoded = run(`
node=$(kubectl get pod c -o jsonpath='{.spec.nodeName}')
kubectl exec c -- base64 -w0 /tmp/pod.pcap; echo; for f in node any; do ssh $node sudo base64 -w0 /tmp/$f.pcap; echo; done
kubectl cp c:/tmp/pod.pcap pod.pcap >/dev/null; for f in node any; do ssh $node sudo cat /tmp/$f.pcap > $f.pcap; done`).out.trim();
    const files = encoded.split("\n");
    for (const [i, name] of ["pod", "node", "any"].entries()) {
      writeFileSync(join(dir, `${name}.pcap`), Buffer.from(files[i] ?? "", "base64"));
    }
  });
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  // Numbers of devices have other names on the machine of the real one.
  const nameless = (text: string) =>
    text.replace(/^((?:[\d:.]+ )?)(?:ifindex \d+|\S+) +(In |Out) IP/gm, "$1DEVICE $2 IP");
  const ask = (line: string) => {
    const env = { ...process.env, TZ: "UTC" };
    // With a socket for its input bash takes itself to be run by rshd, and reads ~/.bashrc.
    const real = spawnSync("bash", ["-c", line], {
      cwd: dir,
      encoding: "utf8",
      env,
      stdio: ["ignore", "pipe", "pipe"],
    });
    const own = run(line);
    const words = (text: string) => text.split("\n").filter((each) => !each.startsWith("reading from file"));
    expect({ out: nameless(own.out), err: words(own.err), status: own.status }).toEqual({
      out: nameless(real.stdout),
      err: words(real.stderr),
      status: real.status,
    });
    return real.stdout;
  };

  it.each(OPTIONS)("tcpdump -r pod.pcap %s", (options) => {
    ask(`tcpdump -r pod.pcap ${options}`);
  });

  it("ends by a message where nobody reads on", () => {
    ask("{ sleep 1; tcpdump -r pod.pcap -n 2>err; echo $? >status; } | true; cat status; tail -1 err");
  });

  it.each(["-n", "-n -v", "-n -e udp", "-n -c 3 -X"])("tcpdump -r node.pcap %s: packets within packets", (options) => {
    expect(ask(`tcpdump -r node.pcap ${options}`)).toContain(options.includes("-X") ? "0x0000" : "OTV");
  });

  it.each(["-n", "-n icmp", "-n -t tcp"])("tcpdump -r any.pcap %s: of all devices", (options) => {
    expect(ask(`tcpdump -r any.pcap ${options}`)).toContain("Out IP");
  });

  it("shows all kinds of traffic", () => {
    const text = ask("tcpdump -r pod.pcap -n");
    for (const part of [
      "Flags [S]",
      "Flags [S.]",
      "Flags [F.]",
      "Flags [R.]",
      "HTTP: GET / HTTP/1.1",
      "HTTP/1.1 404",
      "NXDomain",
    ]) {
      expect(text).toContain(part);
    }
    for (const part of ["ICMP echo reply", "A? web.default.svc.cluster.local.", "SRV", "udp port 1234 unreachable"]) {
      expect(text).toContain(part);
    }
  });
});
