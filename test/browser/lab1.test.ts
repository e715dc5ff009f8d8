import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { onTheHost } from "../host.ts";
import { expectAccessible, launch, noBrowser, PATIENCE, shoot, task, visit } from "./browser.ts";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** The server as people start it: a process of its own, so that it can be killed without a word. */
class Served {
  readonly dir = mkdtempSync(join(tmpdir(), "kubetude-browser-"));
  url = "";
  private child: ChildProcess | undefined;
  private port = 0;

  async start(): Promise<void> {
    const args = [join(root, "dist", "cli.mjs"), "serve", "--port", String(this.port), "--data", this.dir];
    const child = spawn(process.execPath, args, {
      stdio: ["ignore", "pipe", "inherit"],
      env: { ...process.env, LOG_LEVEL: "error" },
    });
    this.child = child;
    this.url = await new Promise<string>((resolve, reject) => {
      child.stdout!.on("data", (chunk) => {
        const url = /http:\/\/\S+/.exec(String(chunk))?.[0];
        if (url) resolve(url);
      });
      child.once("exit", (code) => reject(new Error(`the server ended with ${code}`)));
    });
    this.port = Number(new URL(this.url).port);
  }

  async end(signal: "SIGKILL" | "SIGTERM"): Promise<number | null> {
    const child = this.child!;
    const exited = new Promise<number | null>((resolve) => child.once("exit", resolve));
    child.kill(signal);
    return exited;
  }
}

/** Lines of a terminal that the page shows, without the padding. */
async function lines(page: Page, pane = 0): Promise<string[]> {
  const rows = await page.locator(".pane").nth(pane).locator(".xterm-rows > div").allTextContents();
  return rows.map((row) => row.replace(/\u00a0/g, " ").trimEnd());
}

const text = async (page: Page) => (await lines(page)).join("\n");

/** Waits until the terminal shows what matches, and returns the match. */
async function see(page: Page, pattern: RegExp): Promise<RegExpExecArray> {
  await expect.poll(() => text(page), { timeout: PATIENCE, interval: 100 }).toMatch(pattern);
  return pattern.exec(await text(page))!;
}

async function type(page: Page, command: string): Promise<void> {
  await page.locator(".pane .xterm-helper-textarea").first().focus();
  await page.keyboard.type(`${command}\n`);
}

/** An empty screen, by the shell's own key. */
async function clear(page: Page): Promise<void> {
  await page.locator(".pane .xterm-helper-textarea").first().focus();
  await page.keyboard.press("Control+l");
  await expect.poll(() => text(page).then((shown) => shown.trim()), { timeout: PATIENCE }).toMatch(/^learner@\S+:~\$$/);
}

/** The screen with its wrapped lines joined. */
async function seeJoined(page: Page, pattern: RegExp): Promise<RegExpExecArray> {
  const joined = async () => (await lines(page)).join("");
  await expect.poll(joined, { timeout: PATIENCE, interval: 100 }).toMatch(pattern);
  return pattern.exec(await joined())!;
}

const passed = async (page: Page, id: string) =>
  await expect.poll(() => task(page, id).getAttribute("class"), { timeout: PATIENCE }).toContain("task-passed");
const run = (page: Page, command: string) =>
  page.getByRole("button", { name: `실행: ${command}`, exact: false }).first();

describe.skipIf(noBrowser)("a person learns lab 1 in Korean", onTheHost, () => {
  const served = new Served();
  let browser: Browser;
  let page: Page;
  let context: Awaited<ReturnType<typeof visit>>["context"];
  let problems: string[];

  beforeAll(async () => {
    await served.start();
    browser = await launch();
    ({ context, page, problems } = await visit(browser, { locale: "ko-KR" }));
  });
  afterAll(async () => {
    await browser?.close();
    await served.end("SIGTERM");
    rmSync(served.dir, { recursive: true, force: true });
  });

  it("finds the lab from the home page, in Korean", async () => {
    await page.goto(served.url);
    expect(await page.getAttribute("html", "lang")).toBe("ko");
    await page.getByText("처음이시면 실습 1부터").waitFor();
    await shoot(page, "home-ko");
    await expectAccessible(page);
    await page.getByRole("link", { name: "시작하기", exact: true }).first().click();
    await page.waitForURL("**/labs/01-pod-trace");
    await see(page, /learner@workstation:~\$/);
    await page.getByText("클러스터 ● 정상").waitFor();
    await shoot(page, "lab-ko");
  });

  it("watches events in one terminal and creates the Pod in another, with the run buttons", async () => {
    await run(page, "kubectl get events -w").click();
    await see(page, /Node worker-3/);
    await run(page, "kubectl run nginx-test --image=nginx").click();
    // The first terminal is busy watching, so a second one was opened.
    await expect.poll(() => page.getByRole("tab").count()).toBe(2);
    await see(page, /pod\/nginx-test created/);
    await passed(page, "create");
    expect(await task(page, "create").textContent()).toContain("완료");
    await page.getByText("과제 1/6").waitFor();
  });

  it("predicts, reads the order from the terminal, and is told when the answer is wrong", async () => {
    await page.getByRole("button", { name: "Pulling", exact: true }).click();
    await page.getByText("예측: Pulling.").waitFor();
    await task(page, "order").getByRole("button", { name: "제출" }).click();
    await task(page, "order").getByText("답이 다름").waitFor();
    await task(page, "order").scrollIntoViewIfNeeded();
    await shoot(page, "lab-ko-wrong-answer");

    await clear(page);
    await run(page, "kubectl get events --field-selector involvedObject.name=nginx-test --sort-by").click();
    await see(page, /Started[\s\S]*\$$/m);
    const order = (await lines(page)).flatMap((line) => /^\d+\s+(\w+)/.exec(line)?.[1] ?? []);
    expect(order).toHaveLength(5);
    const items = () => task(page, "order").locator(".order-item").allTextContents();
    for (const [place, reason] of order.entries()) {
      for (let at = (await items()).indexOf(reason); at > place; at--) {
        await task(page, "order")
          .getByRole("button", { name: `${reason} 위로` })
          .click();
      }
    }
    expect(await items()).toEqual(order);
    await task(page, "order").getByRole("button", { name: "제출" }).click();
    await passed(page, "order");
  });

  it("reloads in the middle: terminals, scrollback, progress and predictions are there", async () => {
    const before = await text(page);
    await page.reload();
    await passed(page, "order");
    await expect.poll(() => page.getByRole("tab").count()).toBe(2);
    await page.getByText("예측: Pulling.").waitFor();
    await page.getByRole("tab").nth(1).click();
    await see(page, /Started/);
    expect((await text(page)).trim()).toBe(before.trim());
  });

  it("loses the connection and goes on", async () => {
    await context.setOffline(true);
    await page.getByText("서버와 연결이 끊겼습니다").waitFor({ timeout: PATIENCE });
    await shoot(page, "lab-ko-offline");
    await context.setOffline(false);
    await page.getByText("클러스터 ● 정상").waitFor({ timeout: PATIENCE });
    await clear(page);
    await type(page, "echo back-$((40+2))");
    await see(page, /^back-42$/m);
  });

  it("outlives a killed server: what was typed is not lost", async () => {
    await clear(page);
    await type(page, "echo marker-$((1000+1)) > note.txt; cat note.txt");
    await see(page, /^marker-1001$/m);
    await served.end("SIGKILL");
    await page.getByText("서버와 연결이 끊겼습니다").waitFor({ timeout: PATIENCE });
    await served.start();
    await page.getByText("클러스터 ● 정상").waitFor({ timeout: PATIENCE });
    await passed(page, "order");
    await see(page, /^marker-1001$/m);
    await clear(page);
    await type(page, "cat note.txt; echo again-$((2+3))");
    await see(page, /^marker-1001\nagain-5$/m);
  });

  it("finds the request in an audit log and finishes the lab", async (context) => {
    // Another try begins with a page that stands as after a reload, whatever the one before it left open.
    if ((context.task.result?.retryCount ?? 0) > 0) {
      await page.reload();
      await page.getByText("클러스터 ● 정상").waitFor({ timeout: PATIENCE });
    }
    await clear(page);
    await run(page, "for cp in cp-1 cp-2 cp-3").click();
    const [, auditID] = await see(page, /^([0-9a-f-]{36})\s+create\s+pods\s+-/m);
    await task(page, "audit").getByLabel("답").fill(auditID!);
    await task(page, "audit").getByRole("button", { name: "제출" }).click();
    await passed(page, "audit");

    await clear(page);
    await type(page, "kubectl describe pod nginx-test | tail -8");
    const [, took] = await seeJoined(page, /Successfully pulled image "nginx" in ([0-9.]+m?s)/);
    await task(page, "describe").getByLabel("답").fill(took!);
    await task(page, "describe").getByLabel("답").press("Enter");
    await passed(page, "describe");

    await clear(page);
    await type(page, "kubectl get pod nginx-test -o jsonpath='node={.spec.nodeName}{\"\\n\"}'");
    const [, node] = await see(page, /^node=(worker-\d)$/m);
    await page.getByRole("button", { name: "새 터미널" }).click();
    await shoot(page, "lab-ko-machines");
    await page.getByRole("menuitem", { name: node! }).click();
    await see(page, new RegExp(`learner@${node}`));
    await type(
      page,
      "sudo journalctl -u kubelet --no-pager | grep nginx-test | grep -o 'ContainerStarted.*' | cut -c1-60",
    );
    const [, started] = await see(page, /ContainerStarted\\?"[^0-9a-f]*Data\\?"?:\\?"?([0-9a-f]{12})/);
    await task(page, "journal").getByLabel("답").fill(started!);
    await task(page, "journal").getByLabel("답").press("Enter");
    await passed(page, "journal");

    await page.getByRole("tab").nth(1).click();
    await run(page, "kubectl delete pod nginx-test").click();
    await see(page, /pod "nginx-test" deleted/);
    await passed(page, "delete");
    await page.getByText("모든 과제를 마쳤습니다. 14점입니다.").waitFor();
    await shoot(page, "lab-ko-finished");
    await page.getByRole("link", { name: "Kubetude" }).click();
    await page.getByText("완료 · 14점").waitFor();
    expect(problems).toEqual([]);
  });

  it("lets nobody else in", async () => {
    const other = await visit(browser, { locale: "ko-KR" });
    await other.page.goto(served.url);
    await other.page.getByText("처음이시면 실습 1부터").waitFor();
    await other.context.close();
  });

  it("ends with status 0 at SIGTERM", async () => {
    expect(await served.end("SIGTERM")).toBe(0);
    await served.start();
  });
});
