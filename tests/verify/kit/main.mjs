// main.mjs <program> <token>…: says of each token whether the program takes it.
const { verify } = await import(new URL(process.argv[2], import.meta.url));

for (const token of process.argv.slice(3)) {
  try {
    console.log("yes", (await verify(token)).sub);
  } catch (error) {
    console.log("no", String(error).replaceAll("\n", " "));
  }
}
process.exit();
