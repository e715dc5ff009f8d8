import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { TestBed } from "../../machine/testing.ts";
import { bash } from "../../shell/index.ts";
import { textPrograms } from "../text/index.ts";
import { openssl } from "./index.ts";

/** The real openssl in a directory of files; undefined where there is none. */
function real(files: Record<string, string>, line: string): { out: string; status: number | null } {
  const dir = mkdtempSync(join(tmpdir(), "openssl-"));
  try {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), text);
    const result = spawnSync("bash", ["-c", `${line} 2>&1`], { cwd: dir, encoding: "utf8" });
    return { out: result.stdout, status: result.status };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

const hasOpenssl = spawnSync("openssl", ["version"]).status === 0;

/** Makes files with the simulated openssl; every later line sees those of earlier ones. */
function made(lines: string[]): { files: Record<string, string>; run: (line: string) => string } {
  const bed = new TestBed({ ...textPrograms, bash, openssl });
  const machine = bed.boot("cp-1", "192.168.108.11");
  const run = (line: string) => bed.run(machine, ["bash", "-c", `cd /root; ${line} 2>&1`]).out;
  for (const line of lines) run(line);
  const names = run("ls").split("\n").filter(Boolean);
  return { files: Object.fromEntries(names.map((name) => [name, run(`cat ${name}`)])), run };
}

describe.skipIf(!hasOpenssl)("openssl, read by the real one", () => {
  it.each([
    ["RSA", "openssl genrsa -out k 2048"],
    ["an odd size of RSA", "openssl genrsa -out k 1100"],
    ["P-256", "openssl ecparam -name prime256v1 -genkey -noout -out k"],
    ["P-384", "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -out k"],
    ["Ed25519", "openssl genpkey -algorithm ed25519 -out k"],
  ])("makes keys, requests and certificates of %s", (_, keyLine) => {
    const { files, run } = made([
      keyLine,
      keyLine.replace(/-out k/, "-out ca.key"),
      "openssl req -x509 -key ca.key -subj '/CN=ca/O=a b' -days 3650 -out ca.crt",
      "openssl req -new -key k -subj /CN=john/O=dev -addext subjectAltName=DNS:a.b,IP:10.0.0.1 -out j.csr",
      "openssl x509 -req -in j.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 3000 -copy_extensions copy -out j.crt",
    ]);
    for (const line of [
      "openssl pkey -in k -noout -text -check",
      "openssl req -in j.csr -noout -text -verify",
      "openssl x509 -in j.crt -noout -text",
      "openssl x509 -in ca.crt -noout -text",
    ]) {
      expect(run(line)).toBe(real(files, line).out);
    }
    const at = '-attime $(($(date -d "$(openssl x509 -in ca.crt -noout -startdate | cut -d= -f2)" +%s) + 60))';
    expect(real(files, `openssl verify ${at} -CAfile ca.crt j.crt`)).toEqual({ out: "j.crt: OK\n", status: 0 });
  });
});
