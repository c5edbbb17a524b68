// Asks a GGUF file questions through llama.cpp and compares the greedy answers: node check.mjs MODEL.gguf QUESTIONS.json [--write FILE]
//
// QUESTIONS is a list of { kind, messages, answer } or { kind, prompt, answer }. Printed: the share of right answers of each kind, the
// wrong ones, and the smallest margin (in logits, first choice minus second, over every token of an answer, its end included).
// --write keeps those that were answered right with a margin of at least 0.5, with the margins found. The exit code is 0 if all were right.
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

// The packages lie outside the repository: run in, or set DEMO_PACKAGES to, a folder with `npm install node-llama-cpp@3.22.1 @huggingface/jinja`.
const need = createRequire(pathToFileURL((process.env.DEMO_PACKAGES ?? process.cwd()) + '/'));
const load = name => import(pathToFileURL(need.resolve(name)).href);
const { getLlama } = await load('node-llama-cpp');
const { Template } = await load('@huggingface/jinja');

const [file, list, flag, out] = process.argv.slice(2);
const questions = JSON.parse(readFileSync(list, 'utf8'));
const llama = await getLlama({ gpu: false, build: 'never', logLevel: 'warn', maxThreads: 1 });
const model = await llama.loadModel({ modelPath: file });
const template = new Template(model.fileInfo.metadata.tokenizer.chat_template);
const context = await model.createContext({ contextSize: 1024, threads: 1 });
const sequence = context.getSequence();

async function ask(question) {
  const text = question.prompt ?? template.render({ messages: question.messages, add_generation_prompt: true });
  const prompt = model.tokenize(text, true);
  await sequence.clearHistory();
  const answer = [];
  let margin = Infinity, at = '';
  const steps = sequence.evaluateWithMetadata(prompt, { probabilities: true }, { temperature: 0, yieldEogToken: true });
  for await (const { token, probabilities } of steps) {
    const [first, second] = [...probabilities.values()].sort((a, b) => b - a);
    const lead = Math.log(first) - Math.log(Math.max(second, 1e-30));
    if (lead < margin) [margin, at] = [lead, model.detokenize([...answer, token], true)];
    if (model.isEogToken(token) || answer.length === 700) break;
    answer.push(token);
  }
  return { answer: model.detokenize(answer, false), margin, at };
}

const kinds = new Map();
const kept = [];
let worst = { margin: Infinity };
for (const question of questions) {
  const got = await ask(question);
  const right = got.answer === question.answer;
  const tally = kinds.get(question.kind) ?? { right: 0, asked: 0, margins: [] };
  kinds.set(question.kind, { right: tally.right + right, asked: tally.asked + 1, margins: [...tally.margins, got.margin] });
  const last = question.prompt ?? question.messages.at(-1).content;
  if (!right && tally.asked - tally.right < 12) console.log(`wrong: ${JSON.stringify(last)} gave ${JSON.stringify(got.answer)}, not ${JSON.stringify(question.answer)}`);
  if (right && got.margin < worst.margin) worst = { margin: got.margin, last, at: got.at };
  if (right && got.margin >= 0.5) kept.push({ ...question, margin: Number(got.margin.toFixed(2)) });
}

let allRight = true;
for (const [kind, { right, asked, margins }] of kinds) {
  allRight &&= right === asked;
  margins.sort((a, b) => a - b);
  console.log(`${kind}: ${right} of ${asked} right (${(100 * right / asked).toFixed(2)} %), margin worst ${margins[0].toFixed(2)}, `
    + `1st percentile ${margins[Math.floor(asked / 100)].toFixed(2)}, median ${margins[asked >> 1].toFixed(2)}`);
}
console.log(`smallest margin of a right answer: ${worst.margin.toFixed(2)} at ${JSON.stringify(worst.at)} for ${JSON.stringify(worst.last)}`);
if (flag === '--write') writeFileSync(out, '[\n' + kept.map(entry => JSON.stringify(entry)).join(',\n') + '\n]\n');
await llama.dispose();
process.exitCode = allRight ? 0 : 1;
