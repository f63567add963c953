// document.mjs [--write] <document> <results>: compares results, and the code that was run, with a document, or writes both there.
// NAMES are the libraries that its table is to have, in this order.

import { readFileSync, writeFileSync } from "node:fs";

const write = process.argv[2] === "--write";
const [path, results] = process.argv.slice(write ? 3 : 2);
const TABLE = /(?<=<!-- table -->\n)[^]*?(?=<!-- end of the table -->)/;
const CODE = /(?<=<!-- (tests\/verify\/\S+) -->\n```\w+\n)[^]*?(?=```\n)/g;
const HEAD = "| library | for | version | `EdDSA` | `ES256` | with both kinds in the key set |\n|---|---|---|---|---|---|\n";

const before = readFileSync(path, "utf8");
const names = process.env.NAMES.split(" ");

/** What a program shows of itself. */
function shown(program) {
  const [, code] = readFileSync(program, "utf8").match(/docs: from here\n([^]*?)\n*\S+ docs: to here/);
  return `${code}\n`;
}

/** The rows that a text has, by the libraries' names, which are where their links lead. */
const rows = (text) => new Map([...text.matchAll(/^\| .*?\(#(.*?)\).*\n/gm)].map(([row, name]) => [name, row]));

function row(line) {
  const [name, language, packages, versions, ...said] = line.split("\t");
  const [library, ...others] = packages.split(",").map((one) => `\`${one}\``);
  const cells = [[`[${library}](#${name})`, ...others].join(", "), language, versions.replaceAll(",", ", "), ...said];
  return [name, `| ${cells.join(" | ")} |\n`];
}

if (!TABLE.test(before)) {
  throw new Error(`${path} has no place for the table`);
}
const found = rows(before.match(TABLE)[0]);
const tried = readFileSync(results, "utf8").split("\n").filter(Boolean).map(row);
const merged = new Map([...found, ...tried]);
const table = HEAD + names.map((name) => merged.get(name) ?? "").join("");
const after = before.replace(TABLE, () => table).replace(CODE, (_, program) => shown(program));

if (write) {
  writeFileSync(path, after);
} else if (after !== before) {
  const had = before.split("\n");
  const has = after.split("\n");
  had.filter((line) => !has.includes(line)).forEach((line) => console.error(`- ${line}`));
  has.filter((line) => !had.includes(line)).forEach((line) => console.error(`+ ${line}`));
  console.error(`${path} says something else. Mend it, or use --write.`);
  process.exitCode = 1;
}
