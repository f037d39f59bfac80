// Drives the page of `multistage graph --format html` in a real browser: click, search, zoom, and no network at all.
//
// Run by `make test-browser`. MULTISTAGE is the program, CHROMIUM the browser.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const DOCKERFILE = `FROM alpine AS tools
RUN echo "<tools> & more"

FROM alpine AS unused
RUN false

FROM tools AS build
COPY main.c /src/
RUN cc -o /app /src/main.c

FROM scratch AS app
COPY --from=build /app /app
CMD ["/app"]
`;

let folder, browser, page;
const requests = [], errors = [];

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "multistage-browser-"));
  writeFileSync(join(folder, "Dockerfile"), DOCKERFILE);
  writeFileSync(join(folder, "main.c"), "");
  const html = execFileSync(process.env.MULTISTAGE, ["graph", "--format", "html", folder]);
  writeFileSync(join(folder, "build.html"), html);
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM,
    args: [
      "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking",
      "--disable-component-update", "--disable-sync",
    ],
  });
  page = await browser.newPage({ viewport: { width: 1200, height: 800 } });
  page.on("request", request => requests.push(request.url()));
  page.on("pageerror", error => errors.push(String(error)));
  page.on("console", message => message.type() === "error" && errors.push(message.text()));
  await page.goto(pathToFileURL(join(folder, "build.html")).href);
});

after(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true, force: true });
});

const box = name => page.locator("g.node", { has: page.locator("text.name", { hasText: new RegExp(`^${name}$`) }) });
const transform = () => page.locator("#view").getAttribute("transform");

test("a click on a step shows its source line, its op and its digest", async () => {
  await box("build").locator(".line").nth(1).click();
  const panel = page.locator("#panel");
  assert.match(await panel.locator("pre").innerText(), /9\s+RUN cc -o \/app \/src\/main\.c/);
  assert.match(await panel.locator("dl").innerText(), /exec: \[build 2\/2\] RUN cc/);
  assert.match(await panel.locator(".digest").first().innerText(), /^sha256:[0-9a-f]{64}$/);
});

test("a click on a box highlights what depends on it", async () => {
  await box("tools").locator(".name").click();
  const lit = await page.locator("g.node.lit text.name").allTextContents();
  assert.deepEqual(lit.sort(), ["app", "build", "tools"]);
  assert.match(await page.locator("#panel").innerText(), /What depends on it \(2\)/);
  await page.keyboard.press("Escape");
  assert.equal(await page.locator("#panel").isHidden(), true);
});

test("the target is marked, and what is not built is greyed", async () => {
  assert.match(await box("app").getAttribute("class"), /target/);
  assert.match(await box("unused").getAttribute("class"), /pruned/);
});

test("a search finds steps", async () => {
  await page.locator("#search").fill("main.c");
  assert.equal(await page.locator("#found").innerText(), "2 found");
  const current = () => page.locator("#panel button[aria-current=true]").innerText();
  await page.keyboard.press("Enter");
  assert.equal(await page.locator("#panel h2").innerText(), "build");
  assert.match(await current(), /COPY main.c/);
  await page.keyboard.press("Enter");
  assert.match(await current(), /RUN cc/);
  await page.keyboard.press("Shift+Enter");
  assert.match(await current(), /COPY main.c/);
  // What an engine says in its log can be looked up, too.
  const digest = await page.locator(".digest").first().innerText();
  await page.locator("#search").fill(digest.slice(0, 24));
  assert.equal(await page.locator("#found").innerText(), "1 found");
  await page.locator("#search").fill("nowhere");
  assert.equal(await page.locator("#found").innerText(), "0 found");
  await page.locator("#search").fill("");
  await page.keyboard.press("Escape");
});

test("the wheel and the buttons zoom, a drag moves", async () => {
  const states = [await transform()];
  const next = async act => {
    await act();
    states.push(await transform());
    assert.notEqual(states.at(-1), states.at(-2));
  };
  await page.mouse.move(600, 400);
  await next(() => page.mouse.wheel(0, -400));
  await next(() => page.locator("#in").click());
  await next(async () => {
    await page.mouse.move(600, 700);
    await page.mouse.down();
    await page.mouse.move(500, 650, { steps: 4 });
    await page.mouse.up();
  });
  await next(() => page.locator("#fit").click());
});

test("the keyboard is enough", async () => {
  await page.keyboard.press("/");
  assert.equal(await page.evaluate(() => document.activeElement.id), "search");
  await page.keyboard.press("Escape");
  await box("build").focus();
  await page.keyboard.press("Enter");
  assert.equal(await page.locator("#panel h2").innerText(), "build");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  assert.match(await page.locator("#panel pre").innerText(), /COPY main.c/);
  await page.keyboard.press("Escape");
  assert.equal(await page.locator("#panel").isHidden(), true);
  for (const key of ["ArrowLeft", "ArrowDown", "+", "-", "0"]) {
    const before = await transform();
    await page.keyboard.press(key);
    assert.notEqual(await transform(), before, key);
  }
});

test("no word leaves its box, and no box lies on another", async () => {
  const faults = await page.evaluate(() => {
    const rect = it => it.getBoundingClientRect(), found = [];
    const nodes = [...document.querySelectorAll("g.node")];
    for (const node of nodes) {
      const own = rect(node.querySelector(".shape"));
      for (const word of node.querySelectorAll("text")) {
        const room = rect(word);
        if (room.left < own.left || room.right > own.right) found.push(word.textContent);
      }
      for (const other of nodes) {
        const its = rect(other.querySelector(".shape"));
        const isApart = own.right < its.left || its.right < own.left || own.bottom < its.top || its.bottom < own.top;
        if (node !== other && !isApart) found.push(`${node.textContent} on ${other.textContent}`);
      }
    }
    return found;
  });
  assert.deepEqual(faults, []);
});

test("light and dark follow the reader", async () => {
  const colour = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  await page.emulateMedia({ colorScheme: "light" });
  assert.equal(await colour(), "rgb(255, 255, 255)");
  await page.emulateMedia({ colorScheme: "dark" });
  assert.equal(await colour(), "rgb(13, 17, 23)");
});

test("nothing is fetched, and nothing goes wrong", () => {
  assert.deepEqual(requests.filter(url => !url.startsWith("file:")), []);
  assert.deepEqual(errors, []);
});
