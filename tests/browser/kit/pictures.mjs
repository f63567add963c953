// Takes a picture of every page in every state, light and dark, narrow and wide: of the gallery, with its letters, and
// of the sample application. Run by `scripts/browser pictures`, which names the folder and the language.

import { join } from "node:path";

import { serve, test, visit } from "./browser.mjs";
import { address, letters, openLetter, states } from "./states.mjs";
import { wholeFlow } from "./steps.mjs";

const { PICTURES: folder, PICTURES_LANGUAGE: language } = process.env;
const origin = await serve();

/** Takes the four pictures of a page as it stands. */
async function shoot(page, name) {
  // What lies over the page stays where the window is.
  const fullPage = !(await page.getByRole("dialog").isVisible());
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme });
    for (const width of [390, 1280]) {
      await page.setViewportSize({ width, height: 844 });
      const file = `${name.replaceAll("/", "-")}-${colorScheme}-${width}.png`;
      await page.screenshot({ path: join(folder, file), fullPage });
    }
  }
}

test("pictures of the gallery", async (t) => {
  const page = await visit(t);
  for (const state of await states(origin)) {
    await page.goto(address(origin, state, { language }));
    await shoot(page, state);
  }
});

test("pictures of the letters", async (t) => {
  const page = await visit(t);
  for (const letter of await letters(origin)) {
    await openLetter(page, origin, letter, language);
    await shoot(page, `letter-${letter}`);
  }
});

test("pictures of the sample application", async (t) => {
  const [page, other] = [await visit(t), await visit(t)];
  await wholeFlow({ page, other, origin, look: (name) => shoot(page, `sample-${name}`) });
});
