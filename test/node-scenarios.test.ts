import { describe, expect, test } from "vitest";
import { play, type Scenario } from "./scenario.ts";

/** What scripts that set nodes up, look at them and check them rely on. */
const ON_NODE = `on() { ssh "$1" "sudo bash -c '$2'" 2>&1; }
`;

const SCENARIOS: readonly Scenario[] = [
  {
    name: "a node's file systems, namespaces and make",
    script: `on cp-1 "stat -fc %T /sys/fs/cgroup/; stat -f -c %T-%l / /proc; stat -f /nosuch; mount | grep cgroup"
on cp-1 "df -i /; df -ih / | tail -1; df --output 2>/dev/null; stat -c %a /var/lib/etcd"
on cp-1 "ls /proc/1/ns | xargs; cat /sys/class/dmi/id/product_uuid"
on cp-1 "netstat -rn"`,
    expect: [
      /^cgroup2fs$/,
      /^ext2\/ext3-255$/,
      /^proc-255$/,
      "stat: cannot read file system information for '/nosuch': No such file or directory",
      "cgroup2 on /sys/fs/cgroup type cgroup2 (rw,",
      /^Filesystem +Inodes IUsed +IFree IUse% Mounted on$/,
      /^\/dev\/vda1 +\d+ +\d+ +\d+ +\d+% \/$/,
      /^\/dev\/vda1 +[\d.]+M +\d+K +[\d.]+M +\d+% \/$/,
      /^700$/,
      /^cgroup ipc mnt net pid pid_for_children time time_for_children user uts$/,
      /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
      /^Destination {5}Gateway {9}Genmask {9}Flags {3}MSS Window {2}irtt Iface$/,
      /^0\.0\.0\.0 {9}192\.168\.108\.1 {3}0\.0\.0\.0 {9}UG {8}0 0 {10}0 eth0$/,
    ],
  },
  {
    name: "what the packages of a node and its runtime leave in the file tree",
    script: `on worker-1 "ls /opt/cni/bin | xargs; /opt/cni/bin/bridge"
on worker-1 "ls -l /run/containerd/containerd.sock; ls /var/lib/containerd | wc -l"
on worker-1 "systemctl stop containerd; ls /run/containerd/containerd.sock; systemctl start containerd; test -S /var/run/containerd/containerd.sock && echo socket"
on cp-1 "crictl exec \\$(crictl ps -q --name etcd) etcd --version"`,
    expect: [
      /^LICENSE README\.md bandwidth bridge dhcp .*flannel .*vrf$/,
      "CNI bridge plugin v1.6.0",
      "CNI protocol versions supported: ",
      /^srw-rw---- 1 root root 0 /,
      /^6$/,
      "ls: cannot access '/run/containerd/containerd.sock': No such file or directory",
      /^socket$/,
      /^etcd Version: 3\.5\.16$/,
      /^Go OS\/Arch: linux\/amd64$/,
    ],
  },
  {
    name: "what a machine boots into",
    script: `on worker-1 "systemctl get-default; systemctl set-default graphical; systemctl set-default multi-user.target; systemctl set-default nosuch; systemctl get-default"
on worker-1 "systemctl isolate multi-user.target && echo isolated; systemctl isolate network.target; systemctl show-environment | grep -c PATH="`,
    expect: [
      /^multi-user\.target$/,
      "Created symlink /etc/systemd/system/default.target → /lib/systemd/system/graphical.target.",
      'Removed "/etc/systemd/system/default.target".',
      "Created symlink /etc/systemd/system/default.target → /lib/systemd/system/multi-user.target.",
      "Failed to set default target: Unit file nosuch.target does not exist.",
      /^multi-user\.target$/,
      /^isolated$/,
      "Failed to start network.target: Operation refused, unit may not be isolated.",
      /^1$/,
    ],
  },
  {
    name: "fuser tells who has a port or a file",
    script: `on cp-1 "fuser 6443/tcp 2>/dev/null | xargs ps -o comm= -p; fuser -v -n tcp 10250; fuser 9/tcp; echo status \\$?; fuser /nosuch"
on worker-1 "sleep 1d > /tmp/held & cd /; fuser /tmp/held; fuser -s -k -TERM /tmp/held; sleep 1; fuser /tmp/held || echo free"`,
    expect: [
      /^kube-apiserver$/,
      /^ {21}USER {8}PID ACCESS COMMAND$/,
      /^10250\/tcp: {11}root +\d+ \.{5} kubelet$/,
      "status 1",
      "Specified filename /nosuch does not exist.",
      /^\/tmp\/held: {10} +\d+$/,
      /^free$/,
    ],
  },
];

describe("nodes as others' scripts see them", () => {
  test.each(SCENARIOS)("$name", (scenario) => {
    expect(play(scenario, ON_NODE)).toEqual([]);
  });
});
