// What a person does in the console, acted out in a real browser. `node scenarios.mjs SCENARIO PACKAGES CHROMIUM URL KEY [MORE…]` prints `ok SENTENCE` for each
// thing that was good, `ask WISH` for what no browser can do (the test does it and answers), and ends with 1 at the first thing that was not good.
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { readFileSync } from 'node:fs';

const [scenario, packages, program, url, key, ...more] = process.argv.slice(2);
const require = createRequire(`${packages}/package.json`);
const { chromium } = require('playwright-core');
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const answers = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const ok = text => console.log(`ok ${text}`);
const must = (good, text) => { if (!good) throw new Error(text); };
const has = (text, part, where = 'the page') => must(text.includes(part), `${where} does not say '${part}' but: ${text.slice(0, 1500)}`);
const inDays = days => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
const ask = async wish => { console.log(`ask ${wish}`); await answers.next(); };
const api = async (method, path, body, by = key) => {
  const answer = await fetch(url + path, { method, headers: { authorization: `Bearer ${by}`, 'content-type': 'application/json' }, body: body && JSON.stringify(body) });
  must(answer.ok, `${method} ${path}: ${answer.status} ${await answer.clone().text()}`);
  return answer.status === 204 ? null : answer.json();
};

const browser = await chromium.launch({
  executablePath: program,
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});
const errors = [];
const open = async (by = key, options = {}) => {
  const context = await browser.newContext({ viewport: { width: 1360, height: 900 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  page.on('pageerror', fault => errors.push(String(fault)));
  page.on('console', line => { if (line.type() === 'error' && !/Failed to load resource|ERR_CONNECTION|ERR_EMPTY|ERR_INCOMPLETE/.test(line.text())) errors.push(line.text()); });
  if (by) {
    await page.goto(`${url}/sign-in`);
    await page.fill('#key', by);
    await page.click('main button');
    await page.waitForURL(`${url}/`);
  }
  return page;
};
const text = (page, where = 'main') => page.locator(where).innerText();
const alert = page => page.locator('.problem').first().innerText();
/** A live page comes to say it, without being loaded again. */
const says = (page, where, part) => page.waitForFunction(([where, part]) => document.querySelector(where)?.innerText.includes(part), [where, part]);
const marked = page => page.evaluate(() => { window.notReloaded = true; });
const unmarked = async page => must(await page.evaluate(() => window.notReloaded === true), 'the page was loaded again');

const scenarios = {
  'first-answer': async () => {
    const page = await open(null);
    await page.goto(`${url}/models`);
    must(page.url().includes('/sign-in?to='), `a stranger got ${page.url()}`);
    await page.fill('#key', 'amk_wrong');
    await page.click('main button');
    has(await alert(page), 'unknown, expired or revoked');
    await page.fill('#key', key);
    await page.click('main button');
    must(page.url() === `${url}/models`, `signing in led to ${page.url()}`);
    ok('a wrong key is told, the right one leads to where one wanted to go');
    await page.goto(url);
    await page.click('text=Serve the demo model');
    has(await text(page, '#quote'), 'cpu');
    has(await text(page, '#quote'), 'at once');
    await page.click('button:has-text("Serve it")');
    await page.click('#playground button');
    await page.waitForFunction(() => /USD/.test(document.querySelector('.meter')?.textContent ?? ''), null, { timeout: 90_000 });
    has(await text(page, '#talk'), '42');
    must(/^cpu\S* · \d+ tokens · [\d.]+ tokens\/s · first word after [\d.]+ s · 0\.\d+ USD$/.test(await page.locator('.meter').innerText()), `the meter says ${await page.locator('.meter').innerText()}`);
    ok('three clicks lead from an empty cloud to an answer that tells its chip, its speed and its cost');
    const kept = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie]));
    must(!kept.includes(key) && !kept.includes('amalgam-session'), `a script can read ${kept}`);
    must(!(await page.content()).includes(key), 'the key stands in the page');
    ok('no script of the page can read the key or the session');
    await page.click('a:has-text("Deutsch")');
    has(await text(page, 'nav'), 'Übersicht', 'the menu');
    must(await page.locator('html').getAttribute('lang') === 'de', 'the language is not told');
    await page.click('a:has-text("English")');
    await page.click('a:has-text("dark")');
    must(await page.evaluate(() => getComputedStyle(document.body).backgroundColor) === 'rgb(13, 17, 22)', 'dark is not dark');
    ok('languages and themes change and stay');
  },

  jobs: async () => {
    const page = await open();
    await page.goto(`${url}/jobs/new`);
    const fill = async fields => { for (const [name, value] of Object.entries(fields)) await page.fill(`[name=${name}]`, value); };
    await fill({ command: 'echo "open', devices: 'many', name: 'kept' });
    await page.click('button:has-text("Submit")');
    has(await alert(page), 'a quote is not closed');
    has(await alert(page), "'many' is not a whole number".replace('whole ', ''));
    must(await page.inputValue('[name=name]') === 'kept', 'what was typed is lost');
    ok('all mistakes of a form are told at once and nothing typed is lost');
    await fill({ command: 'true', devices: '1000' });
    await page.click('button:has-text("come to")');
    has(await text(page, '#quote'), 'none now');
    await fill({ devices: '-1' });
    await page.click('button:has-text("Submit")');
    must((await alert(page)).split('\n').length === 1, 'a refusal is one line');
    ok('what cannot be is told by the quote and refused in one line');
    await fill({ command: `sh -c 'echo hello from the job; echo trouble >&2'`, devices: '1', name: 'greeter' });
    await page.check('[name=chips][value=cpu-scalar]');
    await page.click('button:has-text("come to")');
    has(await text(page, '#quote'), 'cpu-scalar');
    must(await page.isChecked('[name=chips][value=cpu-scalar]'), 'the choice of chips is lost');
    await page.click('button:has-text("Submit")');
    await says(page, '.log', 'hello from the job');
    has(await page.locator('.log .err').innerText(), 'trouble');
    await says(page, '#state', 'succeeded');
    ok('a job is quoted, submitted, followed and seen to succeed');
    await page.goto(`${url}/jobs?show=ended`);
    has(await text(page), 'greeter');
    const missing = await page.goto(`${url}/jobs/w99999`);
    must(missing.status() === 404 && (await alert(page)).length > 10, `a missing job is ${missing.status()}`);
    await api('POST', '/api/v1/jobs', { command: ['sleep', '600'], name: 'sleeper', chips: ['cpu-scalar'] });
    await page.goto(`${url}/jobs/sleeper`);
    await says(page, '#state', 'running');
    await marked(page);
    page.once('dialog', dialog => dialog.dismiss());
    await page.click('button:has-text("Stop")');
    has(await text(page, '#state'), 'running');
    page.once('dialog', dialog => dialog.accept());
    await page.click('button:has-text("Stop")');
    await says(page, '#state', 'stopped');
    ok('a running job is stopped after a second question, and the page follows to the end');
  },

  remedy: async () => {
    await api('POST', '/api/v1/units', { name: 'narrow', parent: 'root', limit: { h100: 2 } });
    await api('POST', '/api/v1/jobs', { command: ['sleep', '600'], name: 'wide', unit: 'narrow', devices: 4, chips: ['h100'] });
    const page = await open();
    await says(page, '#waiting', 'Raise the limit of narrow to 4');
    has(await text(page, '#waiting'), 'at a limit');
    await page.click('#waiting li:has-text("narrow") button');
    has(await text(page, '.done'), 'The limit of narrow is now 4 of h100.');
    await marked(page);
    await page.waitForFunction(() => !document.querySelector('#waiting').innerText.includes('wide'));
    await says(page, '#pool', 'narrow 4');
    await unmarked(page);
    ok('who waits is seen with the reason; one click makes the smallest change, and the picture follows by itself');
    await page.goto(`${url}/chips/h100`);
    has(await text(page, '#holders'), 'narrow');
    await api('POST', '/api/v1/workloads/wide/stop');
    await page.waitForFunction(() => !document.querySelector('#nodes').innerText.includes('narrow'));
    ok('the page of a class shows its nodes and who holds them, live');
  },

  units: async () => {
    const page = await open();
    const add = async (parent, name) => { await page.goto(`${url}/units/${parent}`); await page.fill('#add [name=name]', name); await page.click('#add button'); };
    await add('root', 'lab');
    has(await text(page, '.done'), 'lab was added under root');
    await add('root', 'lab');
    has(await alert(page), 'lab');
    await add('root', 'wing');
    await page.goto(`${url}/units/lab`);
    await page.fill('[name="limit.h100"]', 'much');
    await page.click('#settings button');
    has(await alert(page), "Limit h100: 'much' is not a number");
    await page.fill('[name="limit.h100"]', '6');
    await page.click('#settings button');
    must(await page.inputValue('[name="limit.h100"]') === '6', 'the limit was not set');
    await page.fill('[name="limit.h100"]', '');
    await page.click('#settings button');
    must(await page.inputValue('[name="limit.h100"]') === '', 'the limit was not taken away');
    ok('units are added, and limits set and taken away; what cannot be read is told');
    await page.selectOption('#under', 'wing');
    await page.click('button:has-text("What would change?")');
    has(await text(page, '#move'), 'root/wing/lab');
    must((await api('GET', '/api/v1/units')).find(unit => unit.name === 'lab').path === 'root/lab', 'a preview moved it');
    await page.click('#move button:has-text("Move it")');
    has(await text(page, '.done'), 'lab is now root/wing/lab');
    ok('a move is previewed, then made');

    await page.selectOption('#role', 'developer');
    await page.fill('#key-name', 'ada');
    await page.click('button:has-text("Make a key")');
    const secret = (await page.locator('#secret').innerText()).trim();
    await page.goto(`${url}/units/lab`);
    must(!(await page.content()).includes(secret), 'the secret is shown twice');
    await api('POST', '/api/v1/jobs', { command: ['sleep', '600'], name: 'theirs', unit: 'wing', devices: 1, chips: ['h100'] }).catch(() => api('POST', '/api/v1/jobs', { command: ['sleep', '600'], name: 'theirs', unit: 'default', devices: 1, chips: ['h100'] }));
    const ada = await open(secret);
    await says(ada, '#pool', 'other units');
    must(!(await text(ada)).includes('theirs'), 'a stranger\'s job is told');
    await ada.goto(`${url}/units`);
    const seen = await text(ada);
    must(seen.includes('lab') && !seen.includes('wing') && !seen.includes('default'), `the stranger sees ${seen}`);
    must((await ada.goto(`${url}/jobs/theirs`)).status() === 404, 'a stranger\'s job is found');
    must((await ada.goto(`${url}/units/root`)).status() === 404, 'a unit above is found');
    await ada.goto(`${url}/units/lab`);
    must(await ada.locator('#move, #add, #settings button').count() === 0, 'a developer is offered what an owner does');
    ok('a user of one unit sees neither the work nor the units of others, and is offered nothing that is not theirs');
    await ada.goto(url);
    page.once('dialog', dialog => dialog.accept());
    await page.click('tr:has-text("ada") button:has-text("Revoke")');
    await ada.waitForURL(/sign-in/);
    ok('a revoked key ends its session at once, on the open page too');
    await api('POST', '/api/v1/workloads/theirs/stop');
  },

  bills: async () => {
    await api('POST', '/api/v1/jobs', { command: ['sleep', '1'], name: 'billed', devices: 8, chips: ['h100'] });
    const page = await open();
    await page.waitForTimeout(1500);
    await page.goto(`${url}/bills`);
    await says(page, '#lines', 'billed');
    await page.click('#lines a:has-text("h100")');
    has(await text(page, '#line'), 'The amount is exactly');
    await page.goto(`${url}/bills?from=not-a-day`);
    must((await alert(page)).split('\n').length === 1, 'a wrong date is told in one line');
    await page.goto(`${url}/bills`);
    await page.click('summary:has-text("Set a budget")');
    await page.fill('#amount', 'a lot');
    await page.click('button:has-text("Set it")');
    must((await alert(page)).length > 10, 'a wrong amount is told');
    await page.click('summary:has-text("Set a budget")');
    await page.fill('#amount', '12,5');
    await page.click('button:has-text("Set it")');
    has(await text(page, '#budgets'), '12.50 USD');
    page.once('dialog', dialog => dialog.accept());
    await page.click('#budgets button:has-text("Remove")');
    has(await text(page, '.done'), 'was removed');
    await page.fill('#month', '2020-13');
    await page.click('button:has-text("Issue invoices")');
    must((await alert(page)).split('\n').length === 1, 'a wrong month is told in one line');
    const [download] = await Promise.all([page.waitForEvent('download'), page.click('text=Download as FOCUS')]);
    has(readFileSync(await download.path(), 'utf8').split('\n')[0], 'BilledCost', 'the download');
    ok('a bill opens down to its records; budgets, months and dates take good input and tell bad; the FOCUS file comes down');
  },

  prices: async () => {
    await api('POST', '/api/v1/units', { name: 'payer', parent: 'root' });
    await api('POST', '/api/v1/contracts', { unit: 'payer', chipClass: 'h100', devices: 12, to: `${inDays(700)}T00:00:00Z` });
    const page = await open();
    await page.goto(`${url}/prices`);
    await page.selectOption('#what', 'class:h100');
    await page.fill('#by', 'a bit');
    await page.click('button:has-text("Who would pay what?")');
    must((await alert(page)).split('\n').length === 1, 'a wrong change is told in one line');
    await page.fill('#by', '+40%');
    await page.fill('#from', inDays(60));
    await page.click('button:has-text("Who would pay what?")');
    has(await text(page, '#preview'), 'difference');
    const prices = (await api('GET', '/api/v1/prices')).length;
    await page.click('button:has-text("Make it so")');
    has(await text(page, '.done'), 'new versions');
    must((await api('GET', '/api/v1/prices')).length > prices, 'nothing was changed');
    page.once('dialog', dialog => dialog.accept());
    await page.click('#versions button:has-text("Undo")');
    has(await text(page, '.done'), 'Undone');
    ok('a price change is previewed, made and undone');
    await page.goto(`${url}/contracts`);
    has(await text(page, '#contracts'), 'payer');
    await page.fill('#lose', 'h100=half');
    await page.click('button:has-text("What would break?")');
    must((await alert(page)).split('\n').length === 1, 'a wrong loss is told in one line');
    await page.fill('#lose', 'h100=50%');
    await page.click('button:has-text("What would break?")');
    has(await text(page, '#risk'), 'Promises that break: 1');
    await page.selectOption('#unit', 'payer');
    await page.click('button:has-text("May it?")');
    must((await text(page, '#verdict')).length > 3, 'no verdict');
    ok('contracts are shown, a supply cut tells which break, and a rule test gives its verdict');
    await page.goto(`${url}/audit`);
    has(await text(page, '#audit'), 'payer');
    has(await text(page, '#health'), 'in good health');
    ok('who did what is shown beside the health of the cloud');
  },

  restart: async () => {
    const [overview, model] = [await open(), await open()];
    await model.goto(`${url}/models/demo`);
    await model.fill('#question', 'half a question');
    await marked(overview);
    await marked(model);
    const live = () => overview.evaluate(() => Number(document.documentElement.dataset.live ?? 0));
    await overview.waitForFunction(() => Number(document.documentElement.dataset.live) > 0);
    await ask('kill');
    await overview.waitForSelector('[data-offline]:not([hidden])');
    has(await text(overview), 'The connection is lost');
    const before = await live();
    await ask('start');
    await overview.waitForSelector('[data-offline]', { state: 'hidden' });
    must(await live() > before, 'nothing was pushed after the restart');
    await says(overview, '#waiting', 'RUNNING'.toLowerCase());
    await unmarked(overview);
    await unmarked(model);
    must(await model.inputValue('#question') === 'half a question', 'what was half typed is lost');
    await model.fill('#question', 'What is 30 + 12?');
    await model.click('#playground button');
    await model.waitForFunction(() => /USD/.test([...document.querySelectorAll('.meter')].at(-1)?.textContent ?? ''), null, { timeout: 90_000 });
    ok('open pages say that the connection is lost, come back by themselves after a kill -9, still signed in, and keep what was half typed');
  },

  /** Of a small company on an ordinary day; the fleet is simulated and says so. */
  pictures: async () => {
    const unit = (name, parent, rest = {}) => api('POST', '/api/v1/units', { name, parent, ...rest });
    await unit('research', 'root', { weight: 2, guarantee: { h100: 16 }, limit: { h100: 24 } });
    await unit('vision', 'research');
    await unit('speech', 'research', { weight: 2 });
    await unit('products', 'root', { guarantee: { 'ascend-910b': 8 }, limit: { 'ascend-910b': 16 } });
    await unit('search', 'products');
    await unit('support', 'products');
    await unit('acme', 'root', { facts: { segment: 'customer' }, guarantee: { mi300x: 4 } });
    const model = await api('POST', '/api/v1/services', { model: 'demo', name: 'assistant', unit: 'support', chips: ['cpu'], openTo: 'root' });
    const job = (name, in_, chip, devices, more = {}) => api('POST', '/api/v1/jobs', { command: ['sh', '-c', `torchrun --nproc-per-node=${devices} ${name}.py`], name, unit: in_, devices, chips: [chip], ...more });
    await job('pretrain-asr', 'speech', 'h100', 8);
    await job('diffusion-xl', 'vision', 'h100', 8);
    await job('segment-anything', 'vision', 'h100', 4);
    await job('rerank-large', 'search', 'ascend-910b', 8);
    await job('embed-catalogue', 'search', 'ascend-910b', 8);
    await job('weather-model', 'acme', 'mi300x', 8);
    await job('tune-adapters', 'support', 'ascend-910b', 2);
    await job('pretrain-asr-2', 'speech', 'h100', 8);
    await job('night-batch', 'acme', 'mi300x', 8, { members: 2 });
    await api('POST', '/api/v1/jobs', { command: ['sh', '-c', 'for i in 1 2 3 4; do echo epoch $i: loss 0.$((9 - i)); done'], name: 'smoke-test', unit: 'vision', chips: ['cpu-scalar'] });
    await api('POST', '/api/v1/contracts', { unit: 'acme', chipClass: 'mi300x', devices: 4, to: `${inDays(370)}T00:00:00Z`, discountPercent: 10, reserved: true, serviceLevel: { deliveredPercent: 99, creditPercent: 50 } });
    await api('POST', '/api/v1/contracts', { unit: 'speech', chipClass: 'h100', devices: 14, to: `${inDays(370)}T00:00:00Z`, pricePerDeviceHour: '2.10' });
    await api('POST', '/api/v1/prices', { subject: 'h100', perDeviceHour: '2.50' });
    await api('POST', '/api/v1/prices', { subject: 'mi300x', perDeviceHour: '1.90' });
    await api('POST', '/api/v1/price-changes', { chipClass: 'h100', by: '+20%', from: `${inDays(90)}T00:00:00Z` });
    await api('POST', '/api/v1/budgets', { unit: 'acme', amount: '0.05', per: 'day' });
    await api('POST', '/api/v1/budgets', { unit: 'research', amount: '4000', per: 'month', hard: true });
    for (const question of ['What is 17 + 25?', 'What is 8 + 9?', 'What is 30 + 12?']) await api('POST', '/v1/chat/completions', { model: 'assistant', temperature: 0, messages: [{ role: 'user', content: question }] });
    await new Promise(done => setTimeout(done, Number(more[1] ?? 20) * 1000));
    for (const colorScheme of ['light', 'dark']) {
      const page = await open(key, { colorScheme });
      const shoot = async (name, path, height = 900) => {
        await page.setViewportSize({ width: 1360, height });
        await page.goto(url + path);
        await page.waitForTimeout(700);
        if (name === 'playground') {
          await page.click('#playground button');
          await page.waitForFunction(() => /USD/.test(document.querySelector('.meter')?.textContent ?? ''), null, { timeout: 90_000 });
        }
        await page.screenshot({ path: `${more[0]}/${name}-${colorScheme}.png` });
      };
      await shoot('overview', '/', 1080);
      await shoot('models', '/models', 500);
      await shoot('serve', '/models/serve?model=demo', 960);
      await shoot('playground', `/models/${model.id}`);
      await shoot('jobs', '/jobs', 760);
      await shoot('job', '/jobs/pretrain-asr-2');
      await shoot('organisation', '/units', 800);
      await shoot('unit', '/units/research', 980);
      await shoot('chips', '/chips', 560);
      await shoot('class', '/chips/h100');
      await shoot('bills', '/bills', 1300);
      await shoot('prices', '/prices', 600);
      await shoot('contracts', '/contracts?lose=h100%3D60%25&unit=acme&class=h100', 900);
      await shoot('audit', '/audit', 1100);
      await page.context().close();
    }
    ok('pictures of every page in both themes');
  },

  accessible: async () => {
    await api('POST', '/api/v1/jobs', { command: ['sh', '-c', 'echo seen; sleep 600'], name: 'shown', chips: ['h100'] });
    const served = await api('POST', '/api/v1/services', { model: 'demo', name: 'spoken', chips: ['cpu'] });
    const pages = ['/', '/models', '/models/serve?model=demo', `/models/${served.id}`, '/jobs', '/jobs?show=ended', '/jobs/new', '/jobs/shown', '/units', '/units/root', '/chips', '/chips/h100', '/bills', '/prices', '/contracts?lose=h100%3D50%25&unit=root&class=h100', '/audit', '/audit?loops=true', '/nowhere', '/sign-in'];
    const looks = [{ colorScheme: 'light', viewport: { width: 360, height: 800 } }, { colorScheme: 'dark', viewport: { width: 1360, height: 900 } }];
    const all = more.includes('all');
    // Each page once, in turn on a telephone and on a desk; asked for all, each in every look.
    for (const [turn, look] of (all ? [...looks, { colorScheme: 'light', viewport: { width: 3840, height: 2160 } }, { colorScheme: 'dark', viewport: { width: 360, height: 800 } }] : looks).entries()) {
      const page = await open(key, look);
      const mine = all ? pages : pages.filter((path, at) => at % 2 === turn);
      for (const path of mine) {
        await page.goto(url + path);
        const found = await page.evaluate(`${axe}; axe.run(document, { resultTypes: ['violations'] })`);
        const serious = found.violations.filter(item => ['serious', 'critical'].includes(item.impact)).map(item => `${item.id}: ${item.nodes.map(node => `${node.html} ${node.failureSummary}`).slice(0, 3).join(' | ')}`);
        must(serious.length === 0, `${path} (${look.colorScheme}, ${look.viewport.width}): ${serious.join('\n')}`);
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        must(wide <= 0, `${path} is ${wide} px wider than ${look.viewport.width}`);
      }
      ok(`${mine.length} pages without a serious finding, none wider than its window (${look.colorScheme}, ${look.viewport.width})`);
    }
    const page = await open();
    await page.keyboard.press('Tab');
    has(await page.evaluate(() => document.activeElement.textContent), 'Skip to the content', 'the first stop of the keyboard');
    await page.keyboard.press('Enter');
    must(await page.evaluate(() => location.hash === '#content'), 'the skip link leads nowhere');
    ok('the keyboard reaches the content at once');
  },
};

try {
  must(scenarios[scenario], `there is no scenario ${scenario}`);
  await scenarios[scenario]();
  must(errors.length === 0, `the browser's console says: ${errors.join('\n')}`);
} catch (fault) {
  console.error(fault.stack ?? String(fault));
  process.exitCode = 1;
} finally {
  await browser.close();
  process.stdin.destroy();
}
