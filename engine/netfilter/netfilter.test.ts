import { describe, expect, it } from "vitest";
import { Ruleset, restore, save } from "./index.ts";

describe("iptables-restore", () => {
  it("loads kube-proxy's rules and gives them back", () => {
    const ruleset = new Ruleset();
    const text = `*nat
:KUBE-SERVICES - [0:0]
:KUBE-SVC-NPX46M4PTMTKRN6Y - [0:0]
:KUBE-SEP-A - [0:0]
:KUBE-MARK-MASQ - [0:0]
-A KUBE-SERVICES -m comment --comment "default/kubernetes:https cluster IP" -m tcp -p tcp -d 10.201.0.1 --dport 443 -j KUBE-SVC-NPX46M4PTMTKRN6Y
-A KUBE-SVC-NPX46M4PTMTKRN6Y -m comment --comment "default/kubernetes:https -> 192.168.108.11:6443" -m statistic --mode random --probability 0.3333333333 -j KUBE-SEP-A
-A KUBE-SEP-A -m comment --comment default/kubernetes:https -s 192.168.108.11 -j KUBE-MARK-MASQ
-A KUBE-SEP-A -m comment --comment default/kubernetes:https -m tcp -p tcp -j DNAT --to-destination 192.168.108.11:6443
-A KUBE-MARK-MASQ -j MARK --or-mark 0x4000
COMMIT
`;
    expect(restore(ruleset, text, { noflush: true, counters: false })).toEqual({ status: 0, error: "", parsed: 5 });
    expect(save(ruleset).slice(9)).toEqual([
      "-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000",
      '-A KUBE-SEP-A -s 192.168.108.11/32 -m comment --comment "default/kubernetes:https" -j KUBE-MARK-MASQ',
      '-A KUBE-SEP-A -p tcp -m comment --comment "default/kubernetes:https" -m tcp -j DNAT --to-destination 192.168.108.11:6443',
      '-A KUBE-SERVICES -d 10.201.0.1/32 -p tcp -m comment --comment "default/kubernetes:https cluster IP" -m tcp --dport 443 -j KUBE-SVC-NPX46M4PTMTKRN6Y',
      '-A KUBE-SVC-NPX46M4PTMTKRN6Y -m comment --comment "default/kubernetes:https -> 192.168.108.11:6443" -m statistic --mode random --probability 0.33333333349 -j KUBE-SEP-A',
      "COMMIT",
    ]);
    expect(restore(ruleset, text, { noflush: true }).parsed).toBe(0);
  });

  it("leaves a table with an error as it was", () => {
    const ruleset = new Ruleset();
    restore(ruleset, "*filter\n:A - [0:0]\n-A A -j ACCEPT\nCOMMIT\n", {});
    const before = save(ruleset);
    const result = restore(ruleset, "*filter\n:A - [0:0]\n:B - [0:0]\n-A B -j A\n-A A -j NOWHERE\nCOMMIT\n", {
      noflush: true,
    });
    expect(result.status).toBe(2);
    expect(result.error).toContain("Chain 'NOWHERE' does not exist\nError occurred at line: 6\n");
    expect(save(ruleset)).toEqual(before);
  });
});
