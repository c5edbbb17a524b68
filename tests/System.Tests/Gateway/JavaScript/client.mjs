// The official OpenAI client for JavaScript, unchanged, only its baseURL set. Prints `ok NAME` per check; any failure ends with an exception.
// Usage: node client.mjs FOLDER_WITH_NODE_MODULES GATEWAY_ADDRESS
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';

const [folder, address] = process.argv.slice(2);
const require = createRequire(folder + '/');
const { OpenAI } = require('openai');
const client = (apiKey = 'developer-key') => new OpenAI({ apiKey, baseURL: address + '/v1', maxRetries: 0 });
const messages = [{ role: 'user', content: 'one two' }];

async function check(name, body) {
  await body();
  console.log('ok ' + name);
}

await check('chat', async () => {
  const answer = await client().chat.completions.create({ model: 'normal', messages });
  assert.equal(answer.choices[0].message.content, 'w0 w1 w2');
  assert.equal(answer.usage.completion_tokens, 3);
  assert.equal(answer.model, 'normal');
});

await check('stream with usage', async () => {
  const stream = await client().chat.completions.create({ model: 'normal', messages, stream: true, stream_options: { include_usage: true } });
  let text = '';
  let last;
  for await (const chunk of stream) {
    text += chunk.choices[0]?.delta?.content ?? '';
    last = chunk;
  }
  assert.equal(text, 'w0 w1 w2 ');
  assert.equal(last.usage.completion_tokens, 3);
  assert.match(last.amalgam.charge, /^3\.\d{9}$/);
});

await check('stream without usage', async () => {
  const stream = await client().chat.completions.create({ model: 'normal', messages, stream: true });
  for await (const chunk of stream) assert.equal(chunk.choices.length, 1);
});

await check('stream helper', async () => {
  const final = await client().chat.completions.stream({ model: 'normal', messages }).finalChatCompletion();
  assert.equal(final.choices[0].message.content, 'w0 w1 w2 ');
});

await check('completions', async () => {
  const answer = await client().completions.create({ model: 'normal', prompt: 'one two' });
  assert.equal(answer.choices[0].text, 'w0 w1 w2');
  let text = '';
  for await (const chunk of await client().completions.create({ model: 'normal', prompt: 'one', stream: true })) text += chunk.choices[0].text;
  assert.equal(text, 'w0 w1 w2 ');
});

await check('embeddings', async () => {
  const answer = await client().embeddings.create({ model: 'normal', input: ['one two'] });
  assert.deepEqual([...answer.data[0].embedding], [0.25, -0.5, 1]);
});

await check('models', async () => {
  const names = [];
  for await (const model of client().models.list()) names.push(model.id);
  assert.deepEqual(names, ['normal', 'owner/model']);
  assert.equal((await client().models.retrieve('owner/model')).id, 'owner/model');
});

await check('responses', async () => {
  const response = await client().responses.create({ model: 'normal', instructions: 'Be brief.', input: 'one two' });
  assert.equal(response.output_text, 'w0 w1 w2');
  assert.equal(response.status, 'completed');
  assert.equal(response.usage.output_tokens, 3);
});

await check('responses stream', async () => {
  let text = '';
  const types = [];
  for await (const event of await client().responses.create({ model: 'normal', input: messages, stream: true })) {
    types.push(event.type);
    if (event.type === 'response.output_text.delta') text += event.delta;
  }
  assert.equal(text, 'w0 w1 w2 ');
  assert.equal(types[0], 'response.created');
  assert.equal(types.at(-1), 'response.completed');
  const final = await client().responses.stream({ model: 'normal', input: 'one two' }).finalResponse();
  assert.equal(final.output_text, 'w0 w1 w2 ');
});

await check('typed errors', async () => {
  const cases = [
    ['nobody', 'normal', OpenAI.AuthenticationError, 'invalid_api_key'],
    ['auditor-key', 'normal', OpenAI.PermissionDeniedError, 'insufficient_permissions'],
    ['developer-key', 'absent', OpenAI.NotFoundError, 'model_not_found'],
    ['developer-key', 'too-long', OpenAI.BadRequestError, 'from_replica'],
    ['developer-key', 'limited', OpenAI.RateLimitError, 'from_replica'],
    ['developer-key', 'broken', OpenAI.InternalServerError, 'from_replica'],
  ];
  for (const [key, model, type, code] of cases) {
    for (const stream of [false, true]) {
      const error = await client(key).chat.completions.create({ model, messages, stream }).then(() => assert.fail('no error'), (e) => e);
      assert.ok(error instanceof type, `${model}: ${error}`);
      assert.equal(error.code, code);
      assert.ok(error.requestID);
    }
  }
});

await check('broken stream', async () => {
  for (const call of [
    () => client().chat.completions.create({ model: 'no-done', messages, stream: true }),
    () => client().responses.create({ model: 'no-done', input: 'one', stream: true }),
  ]) {
    const stream = await call();
    await assert.rejects(async () => {
      for await (const _ of stream);
    }, OpenAI.APIError);
  }
});

await check('cancellation', async () => {
  const stream = await client().chat.completions.create({ model: 'stall:1', messages, stream: true }, { headers: { 'x-request-id': 'js-leaver' } });
  for await (const _ of stream) break;
});
