import type { BrowserContextOptions, Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { onTheHost } from "../host.ts";
import { expectAccessible, keyboard, noBrowser, PATIENCE, PROMPT, serving, shoot, type } from "./browser.ts";

async function lines(page: Page): Promise<string[]> {
  const rows = await page.locator(".pane .xterm-rows").first().locator("> div").allTextContents();
  return rows.map((row) => row.replace(/\u00a0/g, " ").trimEnd());
}
const see = (page: Page, pattern: RegExp) =>
  expect.poll(async () => (await lines(page)).join("\n"), { timeout: PATIENCE }).toMatch(pattern);

/** Puts text into the terminal as Ctrl-Shift-V does. */
const paste = (page: Page, text: string) =>
  keyboard(page).evaluate((element, content) => {
    const data = new DataTransfer();
    data.setData("text/plain", content);
    element.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
  }, text);

describe.skipIf(noBrowser)("the pages", onTheHost, () => {
  const site = serving();

  const openLab = (options?: BrowserContextOptions) => site.openLab("01-pod-trace", options);

  it.each([
    ["light", "ko-KR"],
    ["dark", "ko-KR"],
    ["light", "en-US"],
    ["dark", "en-US"],
  ] as const)("show nothing serious to axe: %s, %s", async (colorScheme, locale) => {
    const { context, page, problems } = await site.open("/", { colorScheme, locale });
    const name = `${locale.slice(0, 2)}-${colorScheme}`;
    await page.locator("a.path-lab, .path-lab .button").first().waitFor();
    await expectAccessible(page);
    await shoot(page, `home-${name}`);
    await page.goto(`${site.url}/labs/01-pod-trace`);
    await see(page, PROMPT);
    await page.locator(".task").first().locator(".hints .link").first().click();
    await page.locator(".task-failed, .task-current").first().scrollIntoViewIfNeeded();
    await page.locator(".hints li").first().waitFor();
    await expectAccessible(page);
    await shoot(page, `lab-${name}`);
    await page.locator(".predict").first().scrollIntoViewIfNeeded();
    await shoot(page, `lab-${name}-predict`);
    await page.locator(".layouts button").nth(2).click();
    await page.locator(".lab-menu .menu-button").click();
    await page.getByRole("menuitem").first().waitFor();
    await expectAccessible(page);
    await shoot(page, `lab-${name}-menu`);
    await page.getByRole("menuitem").first().click();
    await page.locator("dialog").waitFor();
    await expectAccessible(page);
    await shoot(page, `lab-${name}-dialog`);
    expect(problems).toEqual([]);
    await context.close();
  });

  it("switch the language, say so in `lang`, and remember it", async () => {
    const { context, page } = await openLab();
    await page.getByRole("button", { name: "한국어" }).click();
    await page.getByRole("heading", { name: "Pod 추적", exact: true }).waitFor();
    expect(await page.getAttribute("html", "lang")).toBe("ko");
    await page.reload();
    await page.getByRole("heading", { name: "Pod 추적", exact: true }).waitFor();
    expect(await page.getAttribute("html", "lang")).toBe("ko");
    await context.close();
  });

  it("fold into two sides in a small window", async () => {
    const { context, page } = await openLab({ viewport: { width: 600, height: 800 }, locale: "ko-KR" }).catch(
      async () => {
        throw new Error("the lab did not open in a small window");
      },
    );
    await shoot(page, "lab-small-lesson");
    await expectAccessible(page);
    await page.getByRole("button", { name: "실행: kubectl get events -w" }).click();
    await see(page, /NodeReady/);
    await shoot(page, "lab-small-terminal");
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect(overflow).toBeLessThanOrEqual(0);
    await page.goto(site.url);
    await page.locator(".path-lab .button").first().waitFor();
    await shoot(page, "home-small");
    await context.close();
  });

  it.each([390, 1000])("keep everything within a window %d wide", async (width) => {
    const { context, page } = await site.open("/labs/01-pod-trace", {
      viewport: { width, height: 720 },
      locale: "ko-KR",
    });
    await page.getByText("클러스터 ● 정상").waitFor();
    await page.locator(".task").first().waitFor();
    expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
    const outside = await page.evaluate(() =>
      [...document.querySelectorAll(".lab-header button, .lab-header select")]
        .filter((element) => element.getBoundingClientRect().right > innerWidth)
        .map((element) => element.getAttribute("aria-label")),
    );
    expect(outside).toEqual([]);
    await shoot(page, `lab-${width}`);
    await context.close();
  });

  it("are arranged after a reload as they were: terminals side by side, and where one was reading", async () => {
    const { context, page } = await openLab();
    await page.getByRole("button", { name: "Side by side" }).click();
    await page.getByRole("button", { name: "cp-1", exact: true }).click();
    await expect.poll(() => page.locator(".pane .xterm").count()).toBe(2);
    await page.locator(".lesson-pane").evaluate((pane) => {
      pane.scrollTop = 700;
    });
    const place = () => page.locator(".lesson-pane").evaluate((pane) => pane.scrollTop);
    await page.waitForTimeout(100);
    await page.reload();
    await expect.poll(() => page.locator(".pane .xterm").count()).toBe(2);
    expect(await page.getByRole("tab").allTextContents()).toEqual(["workstation", "cp-1"]);
    expect(await page.getByRole("button", { name: "Side by side" }).getAttribute("aria-pressed")).toBe("true");
    await expect.poll(place).toBeGreaterThan(600);
    await context.close();
  });

  it("say that the cluster boots, and that it takes long when it does", async () => {
    const { context, page } = await site.visit({ locale: "ko-KR" });
    await page.route("**/socket.io/**", (route) => route.abort());
    await page.goto(`${site.url}/labs/01-pod-trace`);
    await page.getByText("클러스터를 부팅하고 있습니다.").waitFor();
    await page.getByText("평소보다 오래 걸리고").waitFor();
    await shoot(page, "slow-boot");
    await expectAccessible(page);
    await context.close();
  });

  it("warn before several lines are pasted, and paste them in order", async () => {
    const { context, page } = await openLab();
    await paste(page, "echo one-$((1+0))\necho two-$((1+1))\n");
    await page.getByText("You are about to paste 2 lines.").waitFor();
    await shoot(page, "lab-paste");
    await page.getByRole("button", { name: "Paste", exact: true }).click();
    await see(page, /two-2|echo two/);
    await page.keyboard.press("Enter");
    await see(page, /^one-1$[\s\S]*^two-2$/m);
    await context.close();
  });

  it("answer Hangul typed in the wrong mode with a hint that puts it right", async () => {
    const { context, page } = await openLab({ locale: "ko-KR" });
    await keyboard(page).focus();
    await page.keyboard.insertText("ㅏㅕㅠㄷㅊ시");
    await page.keyboard.press("Space");
    await page.getByText("한글 입력 상태입니다").waitFor();
    await shoot(page, "lab-hangul");
    await page.getByRole("button", { name: "kubectl로 바꾸기" }).click();
    await type(page, "version --client\n");
    await see(page, /Client Version: v1\.32/);
    await context.close();
  });

  it("align wide characters with narrow ones", async () => {
    const { context, page } = await openLab({ locale: "ko-KR" });
    await type(page, "printf '한글 두 칸|\\n1234567890|\\n'\n");
    await see(page, /^1234567890\|$/m);
    await shoot(page, "lab-wide");
    const [wide, narrow] = await page.evaluate(() => {
      const rows = [...document.querySelectorAll(".pane .xterm-rows > div")];
      const edge = (start: string) => {
        const row = rows.find((each) => each.textContent?.startsWith(start))!;
        return row.lastElementChild!.getBoundingClientRect().right;
      };
      return [edge("한글"), edge("1234567890")];
    });
    expect(Math.abs(wide! - narrow!)).toBeLessThan(1.5);
    await context.close();
  });

  it("copy at Ctrl-C when text is selected, and interrupt otherwise", async () => {
    const { context, page } = await openLab({ permissions: ["clipboard-read", "clipboard-write"] });
    await type(page, "sleep 1000\n");
    await see(page, /sleep 1000\n$/m);
    const box = (await page.locator(".pane .xterm-rows > div").first().boundingBox())!;
    await page.mouse.dblclick(box.x + 20, box.y + 8);
    await page.keyboard.press("Control+c");
    const copied = await page.evaluate(() => navigator.clipboard.readText());
    expect(copied).toMatch(/learner/);
    expect((await lines(page)).join("\n")).not.toContain("^C");
    await page.keyboard.press("Control+c");
    await see(page, /\^C\nlearner@workstation:~\$/);
    await context.close();
  });

  it("stop the clock, say so, and go on", async () => {
    const { context, page } = await openLab();
    const time = () => page.locator(".clock-time").textContent();
    await page.getByRole("button", { name: "Pause the clock" }).click();
    await page.getByText("The clock is paused").waitFor();
    const before = await time();
    await page.waitForTimeout(1300);
    expect(await time()).toBe(before);
    await page.getByRole("button", { name: "Run the clock" }).click();
    await page.getByRole("button", { name: "Wait", exact: true }).click();
    await page.getByRole("menuitem", { name: "1 hour on" }).click();
    await expect.poll(time, { timeout: PATIENCE }).toMatch(/^01:00/);
    await page.getByText("cluster ● healthy").waitFor();
    await type(page, "kubectl run brief --image=busybox --restart=Never -- sleep 600\n");
    await see(page, /pod\/brief created/);
    for (const item of ["until every Pod has settled", "until a Pod, node or Service changes"]) {
      await page.getByRole("button", { name: "Wait", exact: true }).click();
      await page.getByRole("menuitem", { name: item }).click();
      await page.getByRole("button", { name: "Skip to the next event" }).waitFor();
    }
    await expect.poll(time, { timeout: PATIENCE }).toMatch(/^01:1[01]/);
    await type(page, "clear; kubectl get pod brief\n");
    await see(page, /brief +0\/1 +Completed/);
    await context.close();
  });

  it("start over with another cluster", async () => {
    const { context, page } = await openLab();
    await type(page, "touch left-behind\n");
    await page.getByRole("button", { name: "Menu" }).click();
    await page.getByRole("menuitem", { name: "Start over (another cluster)" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Start over" }).click();
    await expect.poll(() => page.getByRole("dialog").count()).toBe(0);
    await see(page, PROMPT);
    await type(page, "ls; echo end-$((1+1))\n");
    await see(page, /^end-2$/m);
    expect((await lines(page)).join("\n")).not.toMatch(/^left-behind/m);
    await context.close();
  });

  it("say what is wrong when there is no such lab, and when every terminal was closed", async () => {
    const { context, page } = await site.open("/labs/99-nothing", { locale: "ko-KR" });
    await page.getByText("그런 실습이 없습니다.").waitFor();
    await shoot(page, "error-no-lab");
    await expectAccessible(page);
    await page.goto(`${site.url}/labs/01-pod-trace`);
    await see(page, PROMPT);
    await page.locator(".tab-close").click();
    await page.getByText("열린 터미널이 없습니다.").waitFor();
    await shoot(page, "empty-no-terminal");
    await expectAccessible(page);
    await page.getByRole("button", { name: "cp-1", exact: true }).click();
    await see(page, /learner@cp-1:~\$/);
    await context.close();
  });

  it("can be left by keyboard: F6 goes from the terminal to the lesson and back", async () => {
    const { context, page } = await openLab();
    await keyboard(page).focus();
    await page.keyboard.press("F6");
    expect(await page.evaluate(() => document.activeElement?.className)).toBe("lesson-pane");
    await page.keyboard.press("F6");
    await expect.poll(() => page.evaluate(() => document.activeElement?.className)).toContain("xterm");
    await context.close();
  });

  it("offer a new terminal when a shell has ended", async () => {
    const { context, page } = await openLab();
    await type(page, "exit 3\n");
    await page.getByText("The shell has ended (status 3).").waitFor();
    await shoot(page, "terminal-ended");
    await page.keyboard.press("Enter");
    await expect.poll(() => page.getByRole("tab").count()).toBe(1);
    await see(page, /learner@workstation:~\$ *$/m);
    await context.close();
  });

  it("show the playground, which has no tasks", async () => {
    const { context, page } = await site.open("/labs/playground");
    await page.getByText("This cluster has no tasks.").waitFor();
    await see(page, PROMPT);
    await shoot(page, "playground");
    await context.close();
  });
});
