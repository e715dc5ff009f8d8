import { describe, expect, it } from "vitest";
import { Stage } from "../../../test/stage.ts";

/** Layouts that the real BusyBox 1.37 writes, asked of it. */
describe("applets of BusyBox", () => {
  const stage = new Stage({ seed: 1 });
  stage.run("kubectl run b --image=busybox -- sleep 1d; kubectl wait --for=condition=Ready pod b");
  const within = (script: string) => stage.run(`kubectl exec b -- sh -c '${script}' 2>&1`).all.trimEnd().split("\n");

  it("ls has columns of its own widths", () => {
    within(
      "mkdir -p /t/d/e; cd /t; head -c 5000 /dev/zero >f; ln -s f l; touch -d 2026-03-01 f d; chown 65534:65534 f",
    );
    expect(within("cd /t; ls -l | cut -c1-45; ls -lh | cut -c1-45")).toEqual([
      "total 12",
      "drwxr-xr-x    3 root     root          4096 M",
      "-rw-r--r--    1 nobody   nobody        5000 M",
      "lrwxrwxrwx    1 root     root             1 M",
      "total 12K    ",
      "drwxr-xr-x    3 root     root        4.0K Mar",
      "-rw-r--r--    1 nobody   nobody      4.9K Mar",
      "lrwxrwxrwx    1 root     root           1 Mar",
    ]);
    expect(within("cd /t; du; du -h; du -sk d")).toEqual([
      "4\t./d/e",
      "8\t./d",
      "20\t.",
      "4.0K\t./d/e",
      "8.0K\t./d",
      "20.0K\t.",
      "8\td",
    ]);
  });

  it("df lists every mount with blocks, and a file's by name", () => {
    const lines = within("df -h");
    expect(lines[0]).toBe("Filesystem                Size      Used Available Use% Mounted on");
    expect(lines[2]).toBe("tmpfs                    64.0M         0     64.0M   0% /dev");
    const places = lines.map((line) => line.split(" ").at(-1));
    for (const path of ["/etc/hosts", "/dev/termination-log", "/etc/hostname", "/etc/resolv.conf", "/dev/shm"])
      expect(places).toContain(path);
    expect(within("df -T /dev | head -1; df -P /dev | head -1; df /nope")).toEqual([
      "Filesystem           Type       1K-blocks      Used Available Use% Mounted on",
      "Filesystem           1024-blocks    Used Available Capacity Mounted on",
      "Filesystem           1K-blocks      Used Available Use% Mounted on",
      "df: /nope: can't find mount point",
      "command terminated with exit code 1",
    ]);
  });

  it("dd and free tell figures its way", () => {
    expect(within("dd if=/dev/zero of=/x bs=1M count=10").at(-1)).toMatch(
      /^10485760 bytes \(10\.0MB\) copied, \d\.\d{6} seconds, \d+\.\dMB\/s$/,
    );
    const [head, memory, swap] = within("free");
    expect(head).toBe("              total        used        free      shared  buff/cache   available");
    expect(memory).toMatch(/^Mem: {8}\d{7}( +\d+){5}$/);
    expect(swap).toBe("Swap:             0           0           0");
  });
});
