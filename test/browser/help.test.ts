import type { BrowserContextOptions } from "playwright-core";
import { describe, expect, it } from "vitest";
import { onTheHost } from "../host.ts";
import { expectAccessible, noBrowser, PATIENCE, PROMPT, see, serving, shoot, task, type } from "./browser.ts";

describe.skipIf(noBrowser)("help with a task", onTheHost, () => {
  const site = serving();

  const open = (options?: BrowserContextOptions) => site.openLab("01-pod-trace", options);

  it.each([
    ["light", "ko-KR", "근거:", "모범 답안 보기", "지도에서 보기"],
    ["dark", "en-US", "Evidence:", "Show the model answer", "Show on the map"],
  ] as const)("says why it passed and how else it is done: %s, %s", async (colorScheme, locale, why, model, onMap) => {
    const { context, page, problems } = await open({ colorScheme, locale });
    const picture = `help-${locale.slice(0, 2)}-${colorScheme}`;
    const create = task(page, "create");
    await create.scrollIntoViewIfNeeded();
    expect(await create.getByText(model).count()).toBe(0);
    await type(page, "kubectl run nginx-test --image=nginx\n");
    await create.locator(".mark-passed").waitFor({ timeout: PATIENCE });
    await create.getByText(why).waitFor();
    await create.getByRole("button", { name: "pods/nginx-test" }).click();
    await create.getByText("kubectl get pods nginx-test -n default -o yaml").waitFor();
    await shoot(page, `${picture}-evidence`);
    await create.getByText(model).click();
    await create.getByText("kubectl wait --for=condition=Ready pod/nginx-test").waitFor();
    // What was typed here stands beside it.
    await expect.poll(() => create.locator(".model .listing").textContent()).toContain("kubectl run nginx-test");
    await create.locator(".model").scrollIntoViewIfNeeded();
    await expectAccessible(page);
    await shoot(page, `${picture}-model`);
    await create.getByRole("button", { name: onMap }).click();
    await page.locator(".selection", { hasText: "default/nginx-test" }).waitFor();
    await shoot(page, `${picture}-map`);
    // Another task's evidence is not told before it has passed.
    expect(await task(page, "audit").locator(".model").count()).toBe(0);
    expect(problems).toEqual([]);
    await context.close();
  });

  it("catches up to a task by the solution's steps, which are not earned", async () => {
    const { context, page, problems } = await open();
    await type(page, "kubectl run nginx-test --image=nginx\n");
    await task(page, "create").locator(".mark-passed").waitFor({ timeout: PATIENCE });
    const audit = task(page, "audit");
    await audit.scrollIntoViewIfNeeded();
    await audit.getByRole("button", { name: "Catch me up to here" }).click();
    await page.getByRole("dialog").getByText("earns no points").waitFor();
    await expectAccessible(page);
    await shoot(page, "catch-up-ask");
    await page.getByRole("dialog").getByRole("button", { name: "Catch me up" }).click();
    await page.getByText("You are caught up.").waitFor({ timeout: PATIENCE });
    await page.locator(".lesson-pane").evaluate((element) => element.scrollTo(0, 0));
    await shoot(page, "catch-up-done");
    await task(page, "order").locator(".mark-passed").waitFor();
    await task(page, "order").getByText("caught up · not earned").waitFor();
    // What had been solved before stays earned.
    expect(await task(page, "create").getByText("caught up · not earned").count()).toBe(0);
    expect(await task(page, "create").locator(".task-points").textContent()).toBe("2 pts");
    expect(await audit.locator(".mark-passed").count()).toBe(0);
    await see(page, PROMPT);
    await type(page, "kubectl get pod\n");
    await see(page, /nginx-test +1\/1 +Running/);
    await task(page, "order").scrollIntoViewIfNeeded();
    await expectAccessible(page);
    await shoot(page, "catch-up-tasks");
    await page.reload();
    await task(page, "order").getByText("caught up · not earned").waitFor();
    await page.goto(site.url);
    await page.getByText("in progress · 2 of 6 tasks").first().waitFor();
    expect(problems).toEqual([]);
    await context.close();
  });
});
