// The gallery of `authara dev`: every page in every state, language and theme.

import assert from "node:assert/strict";

export const LANGUAGES = ["en", "de", "fr", "es", "pt-BR", "zh-Hans"];

/** The states in the gallery of `origin`, as `page/state`. */
export async function states(origin) {
  const answer = await fetch(`${origin}/auth/dev/pages`);
  assert.equal(answer.status, 200, "there is a gallery");
  const found = [...(await answer.text()).matchAll(/data-state="([^"]+)"/g)].map(([, state]) => state);
  assert(found.length > 0, "the gallery has pages");
  return found;
}

/** Where a state is shown. */
export const address = (origin, state, { language = "en", theme = "system" } = {}) =>
  `${origin}/auth/dev/pages/${state}?lang=${language}&theme=${theme}`;
