// The official OpenAI client for JavaScript, unchanged, against a real cloud that serves the demo model. Prints `ok NAME` per check.
// Usage: node cloud-client.mjs FOLDER_WITH_NODE_MODULES ADDRESS KEY
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';

const [folder, address, key] = process.argv.slice(2);
const require = createRequire(folder + '/');
const { OpenAI } = require('openai');
const client = (apiKey = key) => new OpenAI({ apiKey, baseURL: address + '/v1', maxRetries: 0 });
const messages = [{ role: 'user', content: 'What is 17 + 25?' }];
const model = 'demo';

async function check(name, body) {
  await body();
  console.log('ok ' + name);
}

await check('chat', async () => {
  const answer = await client().chat.completions.create({ model, messages, temperature: 0 });
  assert.match(answer.choices[0].message.content, /42/);
  assert.ok(answer.usage.completion_tokens > 0);
});

await check('stream with usage', async () => {
  const stream = await client().chat.completions.create({ model, messages, temperature: 0, stream: true, stream_options: { include_usage: true } });
  let text = '';
  let last;
  for await (const chunk of stream) {
    text += chunk.choices[0]?.delta?.content ?? '';
    last = chunk;
  }
  assert.match(text, /42/);
  assert.ok(last.usage.completion_tokens > 0);
});

await check('completions', async () => {
  const answer = await client().completions.create({ model, prompt: 'Amalgam is', max_tokens: 8, temperature: 0 });
  assert.ok(answer.choices[0].text.length > 0);
});

await check('embeddings', async () => {
  const one = async (input) => (await client().embeddings.create({ model, input })).data[0].embedding;
  const [a, b] = [await one('seventeen'), await one('seventeen')];
  assert.ok(a.length > 8);
  assert.deepEqual([...a], [...b]);
});

await check('models', async () => {
  const names = [];
  for await (const item of client().models.list()) names.push(item.id);
  assert.deepEqual(names, ['demo']);
});

await check('responses', async () => {
  const response = await client().responses.create({ model, input: messages, temperature: 0 });
  assert.match(response.output_text, /42/);
});

await check('typed errors', async () => {
  const fails = (promise) => promise.then(() => assert.fail('no error'), (e) => e);
  const ask = (apiKey, more) => fails(client(apiKey).chat.completions.create({ model, messages, ...more }));
  assert.ok((await ask('amk_wrong', {})) instanceof OpenAI.AuthenticationError);
  assert.ok((await ask(key, { model: 'absent' })) instanceof OpenAI.NotFoundError);
  assert.ok((await ask(key, { temperature: 99 })) instanceof OpenAI.BadRequestError);
  const long = await ask(key, { messages: [{ role: 'user', content: 'word '.repeat(20000) }] });
  assert.ok(long instanceof OpenAI.BadRequestError);
  assert.equal(long.code, 'context_length_exceeded');
});

await check('leaving', async () => {
  const stream = await client().completions.create({ model, prompt: 'count', max_tokens: 500, stream: true });
  for await (const _ of stream) break;
});
