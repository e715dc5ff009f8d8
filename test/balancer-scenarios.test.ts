import { describe, expect, test } from "vitest";
import { play, type Scenario } from "./scenario.ts";

/** `vip`: on which balancers the virtual address is; `said NODE N`: the last lines of keepalived there. What they say was recorded from keepalived 2.3.3. */
const PRELUDE = `
vip() { for l in lb-1 lb-2; do ssh -o ConnectTimeout=2 $l "ip -4 -o addr show eth0" 2>/dev/null | grep -q 108.10/ && printf '%s ' $l; done; echo; }
said() { ssh $1 "sudo journalctl -u keepalived -o cat --no-pager -n $2"; }
`;

const SCENARIOS: readonly Scenario[] = [
  {
    name: "a balancer that ends hands its address over at once, and takes it back when it is there again",
    script: `vip; ssh lb-1 sudo systemctl stop keepalived; sleep 1; vip; kubectl get --raw /readyz; echo
ssh lb-1 sudo systemctl start keepalived; sleep 2; vip; sleep 3; vip; kubectl get --raw /readyz; echo
said lb-1 7; said lb-2 3`,
    expect: [
      /^lb-1 $/,
      /^lb-2 $/,
      "ok",
      /^lb-2 $/,
      /^lb-1 $/,
      "ok",
      "(VI_1) Entering BACKUP STATE (init)",
      "(VI_1) received lower priority (100) advert from 192.168.108.9 - discarding",
      "(VI_1) Entering MASTER STATE",
      "(VI_1) Entering MASTER STATE",
      "(VI_1) Master received advert from 192.168.108.8 with higher priority 101, ours 100",
      "(VI_1) Entering BACKUP STATE",
    ],
  },
  {
    name: "a balancer without power is missed after three adverts and a skew",
    script: `ssh lb-1 sudo poweroff -ff & sleep 2; ssh lb-2 ip -4 -o addr show eth0 | grep -c 108.10; sleep 2; vip; said lb-2 1; kubectl get --raw /readyz`,
    expect: [/^0$/, /^lb-2 $/, "ok"],
  },
  {
    name: "one that is killed leaves its address behind, and the other has it as well",
    script: `ssh lb-1 sudo pkill -9 keepalived; sleep 5; vip; kubectl get --raw /readyz; echo; ssh lb-1 sudo systemctl restart keepalived; sleep 5; vip`,
    expect: [/^lb-1 lb-2 $/, "ok", /^lb-1 $/],
  },
  {
    name: "a script that fails takes priority away, or is a fault where it has no weight; who is to be told is told",
    script: `ssh lb-1 'sudo sed -i "1i vrrp_script chk {\\n  script \\"pidof haproxy\\"\\n  interval 2\\n  weight -20\\n  fall 2\\n  rise 2\\n}" /etc/keepalived/keepalived.conf
sudo sed -i "s#priority 101#&\\n    track_script { chk }\\n    notify /root/note#" /etc/keepalived/keepalived.conf
printf "#!/bin/sh\\necho \\"\\$@\\" >> /tmp/noted\\n" | sudo tee /root/note >/dev/null; sudo chmod 755 /root/note; sudo systemctl reload keepalived'
sleep 5; vip; ssh lb-1 sudo systemctl stop haproxy; sleep 10; vip; kubectl get --raw /readyz; echo
ssh lb-1 sudo systemctl start haproxy; sleep 10; vip; said lb-1 12; ssh lb-1 cat /tmp/noted
ssh lb-1 'sudo sed -i /weight/d /etc/keepalived/keepalived.conf; sudo systemctl reload keepalived; sleep 3; sudo systemctl stop haproxy'; sleep 10; vip; said lb-1 2`,
    expect: [
      /^lb-1 $/,
      /^lb-2 $/,
      "ok",
      /^lb-1 $/,
      "VRRP_Script(chk) failed (exited with status 1)",
      "(VI_1) Changing effective priority from 101 to 81",
      "(VI_1) Master received advert from 192.168.108.9 with higher priority 100, ours 81",
      "Script `chk` now returning 0",
      "VRRP_Script(chk) succeeded",
      "(VI_1) Changing effective priority from 81 to 101",
      "(VI_1) Entering MASTER STATE",
      "INSTANCE VI_1 BACKUP 81",
      "INSTANCE VI_1 MASTER 101",
      /^lb-2 $/,
      "(VI_1) Entering FAULT STATE",
    ],
  },
  {
    name: "an interface that is down is a fault; what is reloaded with less priority gives way",
    script: `ssh lb-2 'sudo sed -i "s/priority 100/priority 150/" /etc/keepalived/keepalived.conf; sudo systemctl reload keepalived'; sleep 6; vip
said lb-1 2
ssh lb-2 'sudo sed -i "s/priority 150/priority 999/;s/interface eth0/interface eth9/" /etc/keepalived/keepalived.conf; sudo keepalived -t; echo "status $?"; sudo systemctl reload keepalived'; sleep 6; vip; said lb-2 6`,
    expect: [
      /^lb-2 $/,
      "(VI_1) Master received advert from 192.168.108.9 with higher priority 150, ours 101",
      "(VI_1) Entering BACKUP STATE",
      "WARNING - interface eth9 for vrrp_instance VI_1 doesn't exist",
      "status 5",
      /^lb-1 $/,
      "exited with permanent error CONFIG. Terminating",
    ],
  },
];

describe("balancers", () => {
  test.each(SCENARIOS)("$name", (scenario) => {
    expect(play(scenario, PRELUDE)).toEqual([]);
  });
});
