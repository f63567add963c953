// The checker of the W3C ("Nu") finds no error and no warning in any page, in any state and language.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";

import { require, serve, test } from "./kit/browser.mjs";
import { address, LANGUAGES, states } from "./kit/states.mjs";

const CHECKER = join(dirname(require.resolve("vnu-jar/package.json")), "build/dist/vnu.jar");

test("the checker finds nothing in any page", async () => {
  const origin = await serve();
  const folder = mkdtempSync(join(tmpdir(), "markup-"));
  const all = await states(origin);
  for (const language of LANGUAGES) {
    for (const state of all) {
      const answer = await fetch(address(origin, state, { language }));
      writeFileSync(join(folder, `${state.replaceAll("/", "-")}.${language}.html`), await answer.text());
    }
  }
  // Were it not found, the checker would not have looked.
  writeFileSync(join(folder, "wrong.html"), "<!doctype html><html lang=en><title>Wrong</title><p id=p></i>");

  const { messages } = JSON.parse((await check(folder)).stderr);

  const found = messages.map(({ type, message, url, extract }) => [url.split("/").pop(), type, message, extract]);
  assert(found.some(([file]) => file === "wrong.html"), "the checker works");
  assert.deepEqual(found.filter(([file]) => file !== "wrong.html"), []);
});

/** Runs the checker once over all; it fails where it finds something. */
const check = (folder) =>
  promisify(execFile)("java", ["-jar", CHECKER, "--format", "json", folder], {
    maxBuffer: 64 * 1024 * 1024,
  }).catch((error) => error);
