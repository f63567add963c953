// Everything a person can do in the sample application and on the account page, with scripts on and
// off, in light and dark, on a phone and on a desktop.

import { DESKTOP, PHONE, serve, test, visit } from "./kit/browser.mjs";
import { fits } from "./kit/layout.mjs";
import { wholeFlow } from "./kit/steps.mjs";

// Half of the eight combinations; any two of these properties meet in every way.
const VISITORS = {
  "with scripts, in light, on a phone": { javaScriptEnabled: true, colorScheme: "light", ...PHONE },
  "with scripts, in dark, on a desktop": { javaScriptEnabled: true, colorScheme: "dark", ...DESKTOP },
  "without scripts, in dark, on a phone": { javaScriptEnabled: false, colorScheme: "dark", ...PHONE },
  "without scripts, in light, on a desktop": { javaScriptEnabled: false, colorScheme: "light", ...DESKTOP },
};

for (const [who, options] of Object.entries(VISITORS)) {
  test(`the whole flow works ${who}`, async (t) => {
    const [origin, page, other] = await Promise.all([serve(), visit(t, options), visit(t)]);

    await wholeFlow({ page, other, origin, look: (name) => fits(page, name) });
  });
}
