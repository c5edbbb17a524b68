// What the overview costs in a real browser: `node measure.mjs PACKAGES CHROMIUM URL KEY [URL KEY …]` (PACKAGES holds playwright-core). Several clouds are
// measured in alternation, round by round, so that whatever else the machine does meets all of them; each is then told as a multiple of the first.
import { createRequire } from 'node:module';

const [packages, program, ...pairs] = process.argv.slice(2);
const { chromium } = createRequire(`${packages}/package.json`)('playwright-core');
const browser = await chromium.launch({ executablePath: program, args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-background-networking', '--disable-component-update', '--disable-sync'] });
const middle = all => all.toSorted((a, b) => a - b)[all.length >> 1];
const rounds = Number(process.env.ROUNDS ?? 15);

const signIn = async (url, key) => {
  const context = await browser.newContext({ viewport: { width: 1360, height: 900 } });
  const page = await context.newPage();
  await page.goto(`${url}/sign-in`);
  await page.fill('#key', key);
  await page.click('main button');
  await page.waitForURL(`${url}/`);
  await page.goto('about:blank');
  return { url, key, context, page, paint: [], server: [], ready: [] };
};
const clouds = [];
for (let at = 0; at < pairs.length; at += 2) clouds.push(await signIn(pairs[at], pairs[at + 1]));

// Only one page is open at a time: the push of another would be measured with it.
for (let round = 0; round < rounds + 2; round++) {
  for (const cloud of clouds) {
    await cloud.page.goto(cloud.url);
    const seen = await cloud.page.evaluate(() => new Promise(done => new PerformanceObserver(list => {
      const [way] = performance.getEntriesByType('navigation');
      done({ paint: list.getEntries().at(-1).startTime, server: way.responseEnd, ready: way.domInteractive });
    }).observe({ type: 'largest-contentful-paint', buffered: true })));
    await cloud.page.goto('about:blank');
    if (round >= 2) for (const [name, value] of Object.entries(seen)) cloud[name].push(value);
  }
}
for (const cloud of clouds) {
  const times = cloud === clouds[0] ? '' : `, ${(middle(cloud.paint) / middle(clouds[0].paint)).toFixed(2)} times the first`;
  console.log(`${cloud.url}: largest contentful paint ${middle(cloud.paint).toFixed(0)} ms${times} (answered after ${middle(cloud.server).toFixed(0)}, parsed after ${middle(cloud.ready).toFixed(0)} ms; medians of ${rounds}; least ${Math.min(...cloud.paint).toFixed(0)} ms)`);
}

// A cold browser: everything that is sent for the first page.
for (const { url, context } of clouds) {
  const cold = await browser.newContext({ storageState: await context.storageState() });
  const first = await cold.newPage();
  const session = await cold.newCDPSession(first);
  await session.send('Network.enable');
  let bytes = 0;
  const stream = new Set();
  session.on('Network.requestWillBeSent', event => { if (event.type === 'EventSource') stream.add(event.requestId); });
  session.on('Network.loadingFinished', event => { if (!stream.has(event.requestId)) bytes += event.encodedDataLength; });
  await first.goto(url, { waitUntil: 'load' });
  await first.waitForTimeout(500);
  console.log(`${url}: ${(bytes / 1000).toFixed(1)} kB compressed at first load`);
  await cold.close();
}

// Live: from the answer to a submission until the page that is open shows it among the waiting (of which there must be fewer than five).
for (const { url, key, page } of process.env.LIVE === '0' ? [] : clouds) {
  await page.goto(url);
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
  console.log(`${url}: a change reaches the open page after ${middle(delays).toFixed(0)} ms (median of ${delays.length})`);
  await page.goto('about:blank');
}
await browser.close();
