// The gallery of `authara dev`: every page in every state, language and theme, and every letter.

import assert from "node:assert/strict";

export const LANGUAGES = ["en", "de", "fr", "es", "pt-BR", "zh-Hans"];

/** The states in the gallery of `origin`, as `page/state`. */
export const states = (origin) => listed(origin, /data-state="([^"]+)"/g);

/** The kinds of letters in the gallery of `origin`. */
export const letters = (origin) => listed(origin, /data-letter="([^"]+)"/g);

async function listed(origin, pattern) {
  const answer = await fetch(`${origin}/auth/dev/pages`);
  assert.equal(answer.status, 200, "there is a gallery");
  const found = [...(await answer.text()).matchAll(pattern)].map(([, name]) => name);
  assert(found.length > 0, "there is something in it");
  return found;
}

/** Shows a letter in `page`, without the policy that keeps scripts, ours too, from it. */
export async function openLetter(page, origin, letter, language) {
  const answer = await fetch(`${origin}/auth/dev/pages/letter/${letter}?lang=${language}`);
  assert.equal(answer.status, 200, letter);
  await page.setContent(await answer.text());
}

/** Where a state is shown. */
export const address = (origin, state, { language = "en", theme = "system" } = {}) =>
  `${origin}/auth/dev/pages/${state}?lang=${language}&theme=${theme}`;
