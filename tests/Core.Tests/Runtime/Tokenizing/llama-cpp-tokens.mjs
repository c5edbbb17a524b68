// Tokenises texts with llama.cpp. Usage: node llama-cpp-tokens.mjs MODULE_FOLDER TEXTS.json OUT.json KIND=FILE.gguf…
// TEXTS.json is a list of texts; OUT.json gets one record for each vocabulary, text and way of taking control tokens.
import fs from "node:fs";
import path from "node:path";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [folder, textsFile, outFile, ...vocabularies] = process.argv.slice(2);
const entry = createRequire(path.join(path.resolve(folder), "x.js")).resolve("node-llama-cpp");
const { getLlama } = await import(pathToFileURL(entry).href);
const llama = await getLlama({ gpu: false, build: "never", logLevel: "error" });
const texts = JSON.parse(fs.readFileSync(textsFile, "utf8"));
const records = [];
for (const vocabulary of vocabularies) {
  const [kind, file] = vocabulary.split("=");
  const model = await llama.loadModel({ modelPath: path.resolve(file), vocabOnly: true });
  for (const text of texts) {
    for (const control of [false, true]) {
      records.push({ kind, text, control, tokens: [...model.tokenize(text, control)] });
    }
  }
  await model.dispose();
}
fs.writeFileSync(outFile, "[\n" + records.map((record) => JSON.stringify(record)).join(",\n") + "\n]\n");
process.exit(0);
