// Writes how llama.cpp cuts a few awkward texts into tokens of a GGUF file: node tokens.mjs MODEL.gguf OUT.json
// Each entry is { text, special, ids }; `special` says whether marks such as <|im_end|> were read as one token.
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const need = createRequire(pathToFileURL((process.env.DEMO_PACKAGES ?? process.cwd()) + '/'));
const { getLlama } = await import(pathToFileURL(need.resolve('node-llama-cpp')).href);

const TEXTS = [
  'What is 17 + 25?', '17+25', "what's a unit", "It'S WE'LL they'RE", '  two  spaces  ', ' ', '   ', '\n', '\n\n', 'line\nline\r\n\r\nline', 'tab\there',
  'a1b22c333', '2026-11-22 14:00', '3.14159', '...', '?!?!\n', ' ?', 'x = y*z;', 'foo_bar', '_', 'C# & .NET', 'UPPER lower Title', '\u00fcber caf\u00e9 na\u00efve',
  '\u65e5\u672c\u8a9e \u6587\u5b57', '\u041f\u0440\u0438\u0432\u0435\u0442, \u043c\u0438\u0440', '\u{1F600} smile \u{1F468}\u200d\u{1F4BB}', 'e\u0301 combined', '7 \u00d7 8', '\u0661\u0662\u0663', 'no\u00a0break',
  'a\u2003b', '\u0000zero', 'end \n', ' \n end', 'amalgam serve MODEL', 'Run: amalgam run -- COMMAND', '<|im_start|>user\nHi<|im_end|>\n', '<|im_start', '',
];
const [file, out] = process.argv.slice(2);
const llama = await getLlama({ gpu: false, build: 'never', logLevel: 'warn', maxThreads: 1 });
const model = await llama.loadModel({ modelPath: file });
const entries = TEXTS.flatMap(text => [false, true].map(special => ({ text, special, ids: [...model.tokenize(text, special)] })))
  .filter(({ text, special }) => special === false || text.includes('<|'));
writeFileSync(out, '[\n' + entries.map(e => JSON.stringify(e)).join(',\n') + '\n]\n');
await llama.dispose();
