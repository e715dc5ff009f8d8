import { describe, expect, it } from "vitest";
import { readConfiguration } from "./configuration.ts";

const read = (text: string) => readConfiguration("/k.conf", text, new Set(["lo", "eth0"]));

describe("keepalived.conf", () => {
  it("reads instances, scripts and what they track, with comments and braces wherever they stand", () => {
    const { instances, scripts, complaints, fault } = read(`# balancers
global_defs { router_id lb-1 }
vrrp_script chk { script "killall -0 haproxy" # alive
  interval 2
  weight -20
  fall 3
}
vrrp_instance VI_1 {
  state MASTER
  interface eth0 ! the first
  virtual_router_id 51
  priority 101
  authentication {
    auth_type PASS
    auth_pass secret
  }
  virtual_ipaddress { 192.168.108.10/24 dev eth0
    192.168.108.11/24
  }
  track_script {
    chk weight -30
  }
  unicast_peer {
    192.168.108.9
  }
  notify_master "/usr/local/bin/up now"
}`);
    expect(complaints).toEqual([]);
    expect(fault).toBeUndefined();
    expect(scripts.get("chk")).toEqual({
      name: "chk",
      script: "killall -0 haproxy",
      interval: 2,
      weight: -20,
      fall: 3,
      rise: 1,
    });
    expect(instances).toMatchObject([
      {
        name: "VI_1",
        state: "MASTER",
        id: 51,
        priority: 101,
        advert: 1,
        addresses: ["192.168.108.10/24", "192.168.108.11/24"],
        authentication: "auth_type PASS auth_pass secret",
        unicastPeers: ["192.168.108.9"],
      },
    ]);
    expect([...instances[0]!.tracks]).toEqual([["chk", -30]]);
    expect([...instances[0]!.notify]).toEqual([["MASTER", "/usr/local/bin/up now"]]);
  });

  // As keepalived 2.3.3 -t says of the same file.
  it("complains in keepalived's words, line by line, and cannot run on an interface that is not there", () => {
    const { complaints, fault, instances } = read(`vrrp_instance VI_1 {
  state MASTER
  interface eth9
  virtual_router_id 51
  priority 999
  nosuchword 3
}`);
    expect(complaints).toEqual([
      "(/k.conf: Line 3) WARNING - interface eth9 for vrrp_instance VI_1 doesn't exist",
      "(/k.conf: Line 5) number '999' outside range [1, 255]",
      "(/k.conf: Line 5) (VI_1) Priority not valid! must be between 1 & 255. Using default 100",
      "(/k.conf: Line 6) Unknown keyword 'nosuchword'",
    ]);
    expect(fault).toBe("Non-existent interface specified in configuration");
    expect(instances[0]!.priority).toBe(100);
  });
});
