// Largest contentful paint, bytes and live delay of the overview, in a real browser: `node measure.mjs PACKAGES CHROMIUM URL KEY` (PACKAGES holds playwright-core).
import { createRequire } from 'node:module';

const [packages, program, url, key] = process.argv.slice(2);
const { chromium } = createRequire(`${packages}/package.json`)('playwright-core');
const browser = await chromium.launch({ executablePath: program, args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-background-networking', '--disable-component-update', '--disable-sync'] });
const context = await browser.newContext({ viewport: { width: 1360, height: 900 } });
const page = await context.newPage();
await page.goto(`${url}/sign-in`);
await page.fill('#key', key);
await page.click('main button');
await page.waitForURL(`${url}/`);
const middle = all => all.toSorted((a, b) => a - b)[all.length >> 1];

const paints = [];
for (let round = 0; round < 9; round++) {
  await page.goto(url);
  paints.push(await page.evaluate(() => new Promise(done => new PerformanceObserver(list => done(list.getEntries().at(-1).startTime)).observe({ type: 'largest-contentful-paint', buffered: true }))));
}
console.log(`largest contentful paint of the overview: ${middle(paints).toFixed(0)} ms (median of ${paints.length})`);

// A cold browser: everything that is sent for the first page.
const cold = await browser.newContext({ storageState: await context.storageState() });
const first = await cold.newPage();
const session = await cold.newCDPSession(first);
await session.send('Network.enable');
let bytes = 0, stream = new Set();
session.on('Network.requestWillBeSent', event => { if (event.type === 'EventSource') stream.add(event.requestId); });
session.on('Network.loadingFinished', event => { if (!stream.has(event.requestId)) bytes += event.encodedDataLength; });
await first.goto(url, { waitUntil: 'load' });
await first.waitForTimeout(500);
console.log(`sent at first load: ${(bytes / 1000).toFixed(1)} kB compressed`);

// Live: from the answer to a submission until the page that is open shows it among the waiting (of which there must be fewer than five).
const delays = [];
for (let round = 0; round < 5; round++) {
  const name = `seen-${Date.now()}`;
  await fetch(`${url}/api/v1/jobs`, { method: 'POST', headers: { authorization: `Bearer ${key}` }, body: JSON.stringify({ name, command: ['sleep', '1'], devices: 100000 }) });
  const begun = performance.now();
  await page.waitForFunction(name => document.querySelector('#waiting').textContent.includes(name), name, { polling: 10 });
  delays.push(performance.now() - begun);
  await fetch(`${url}/api/v1/workloads/${name}/stop`, { method: 'POST', headers: { authorization: `Bearer ${key}` } });
  await page.waitForTimeout(1500);
}
console.log(`a change reaches the open page after ${middle(delays).toFixed(0)} ms (median of ${delays.length})`);
await browser.close();
