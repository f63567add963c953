// Every letter in every language: no fault that axe can find, in light and dark, and nothing sticks out.

import assert from "node:assert/strict";

import { serve, test, visit } from "./kit/browser.mjs";
import { faults } from "./kit/axe.mjs";
import { overflow } from "./kit/layout.mjs";
import { LANGUAGES, letters, openLetter } from "./kit/states.mjs";

const origin = await serve();
const all = await letters(origin);

for (const language of LANGUAGES) {
  test(`every letter is as it should be in ${language}`, async (t) => {
    const page = await visit(t);
    for (const letter of all) {
      await openLetter(page, origin, letter, language);
      assert.deepEqual(await overflow(page), [], letter);
      for (const colorScheme of ["light", "dark"]) {
        await page.emulateMedia({ colorScheme });
        // A letter is no page: it has no landmarks.
        assert.deepEqual(await faults(page, []), [], `${letter} in ${colorScheme}`);
      }
    }
  });
}
