// All that the pages do in the browser: stay live, talk in the playground, follow a log, copy. Without it they still work, by reloading.
(() => {
  'use strict';
  const seal = () => document.querySelector('main')?.dataset.seal ?? '';

  // Live: the server pushes the inside of the page when it changed. What differs is exchanged, node by node, so that focus, open parts and half-filled forms stay.
  const same = (a, b) => a.nodeType === b.nodeType && a.nodeName === b.nodeName && (a.id ?? '') === (b.id ?? '');
  const morph = (now, next) => {
    if (now.nodeType !== 1) { if (now.nodeValue !== next.nodeValue) now.nodeValue = next.nodeValue; return; }
    if (now.hasAttribute('data-keep')) return;
    for (const { name } of [...now.attributes]) if (!next.hasAttribute(name) && !(name === 'open' && now.nodeName === 'DETAILS')) now.removeAttribute(name);
    for (const { name, value } of next.attributes) if (now.getAttribute(name) !== value) now.setAttribute(name, value);
    children(now, next);
  };
  const children = (now, next) => {
    const fresh = [...next.childNodes];
    let at = now.firstChild;
    for (const node of fresh) {
      if (at && node.id && at.id !== node.id) {
        const moved = [...now.children].find(child => child.id === node.id);
        if (moved) { now.insertBefore(moved, at); at = moved; }
      }
      if (at && same(at, node)) { morph(at, node); at = at.nextSibling; }
      else { now.insertBefore(node, at); }
    }
    while (at) { const gone = at; at = at.nextSibling; gone.remove(); }
  };
  const inside = document.getElementById('inside');
  const offline = document.querySelector('[data-offline]');
  let stream = null;
  const listen = () => {
    if (stream || !inside?.querySelector('[data-live]')) return;
    stream = new EventSource(location.href);
    stream.onmessage = event => {
      offline.hidden = true;
      const next = document.createElement('div');
      next.innerHTML = event.data;
      children(inside, next);
      document.documentElement.dataset.live = String(Number(document.documentElement.dataset.live ?? 0) + 1);
    };
    stream.addEventListener('gone', () => location.reload());
    stream.onerror = () => {
      offline.hidden = false;
      if (stream.readyState === EventSource.CLOSED) { stream = null; setTimeout(again, 1500); }
    };
  };
  // A refusal closes the stream for good: signed out (the page shows the sign-in) or not up yet (asked again).
  const again = async () => {
    try {
      const answer = await fetch(location.href, { method: 'GET', headers: { accept: 'text/html' } });
      if (answer.redirected || !answer.ok) { location.reload(); return; }
      listen();
    } catch { setTimeout(again, 1500); }
  };
  const hush = () => { stream?.close(); stream = null; };
  document.addEventListener('visibilitychange', () => document.hidden ? hush() : listen());
  addEventListener('pagehide', hush);
  listen();

  // Copy.
  document.addEventListener('click', async event => {
    const button = event.target.closest('[data-copy]');
    if (!button) return;
    const text = document.getElementById(button.dataset.copy).textContent;
    try { await navigator.clipboard.writeText(text); }
    catch { const all = document.createRange(); all.selectNodeContents(document.getElementById(button.dataset.copy)); getSelection().removeAllRanges(); getSelection().addRange(all); return; }
    const was = button.textContent;
    button.textContent = button.dataset.copied;
    setTimeout(() => { button.textContent = was; }, 1500);
  });
  // Asked twice before what cannot be taken back, and never sent twice.
  document.addEventListener('submit', event => {
    const form = event.target;
    if (form.dataset.sure && !confirm(form.dataset.sure)) { event.preventDefault(); return; }
    if (form.dataset.sent) { event.preventDefault(); return; }
    if (form.method === 'post' && !form.matches('[data-talk]')) { form.dataset.sent = '1'; addEventListener('pageshow', () => delete form.dataset.sent, { once: true }); }
  });

  // A log as it is written: one JSON object per line.
  const lines = async (answer, take) => {
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = '';
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      const parts = (rest + value).split('\n');
      rest = parts.pop();
      for (const part of parts) take(part);
    }
  };
  const log = document.querySelector('[data-log]');
  const follow = async () => {
    let members = new Set();
    const show = text => {
      const line = JSON.parse(text);
      members.add(line.member);
      const bottom = log.scrollHeight - log.scrollTop - log.clientHeight < 40;
      const node = document.createElement('span');
      node.className = line.stream === 'stderr' || line.stream === 'err' ? 'err' : '';
      node.textContent = (Number(log.dataset.members) > 1 ? `[${line.member}] ` : '') + line.text + '\n';
      log.append(node);
      while (log.childNodes.length > 5000) log.firstChild.remove();
      if (bottom) log.scrollTop = log.scrollHeight;
    };
    try {
      const answer = await fetch(log.dataset.log);
      log.textContent = '';
      if (!answer.ok) throw new Error(await answer.text());
      await lines(answer, show);
      if (!log.childNodes.length) log.textContent = log.dataset.empty;
      log.dataset.ended = '1';
    } catch (fault) {
      // The server went away in the middle: read again from the beginning, so that no line is missing.
      setTimeout(follow, 2000);
    }
  };
  if (log) follow();

  // The playground.
  const talk = document.querySelector('[data-talk]');
  if (talk) {
    const board = document.getElementById('talk');
    const box = talk.querySelector('textarea');
    const button = talk.querySelector('button');
    const messages = [];
    const say = (text, who) => {
      const node = document.createElement('p');
      node.className = `said ${who}`;
      node.textContent = text;
      board.append(node);
      return node;
    };
    const ask = async text => {
      say(text, 'me');
      messages.push({ role: 'user', content: text });
      const node = say('…', 'it');
      const meter = document.createElement('p');
      meter.className = 'meter';
      board.append(meter);
      const begun = performance.now();
      let first = 0, said = '', usage = null, charge = null;
      const answer = await fetch(talk.action, { method: 'POST', headers: { 'content-type': 'application/json', 'x-amalgam-seal': seal() }, body: JSON.stringify({ messages }) });
      if (!answer.ok) throw new Error(await answer.text());
      await lines(answer, line => {
        if (!line.startsWith('data: ') || line === 'data: [DONE]') return;
        const chunk = JSON.parse(line.slice(6));
        if (chunk.error) throw new Error(chunk.error.message);
        usage = chunk.usage ?? usage;
        charge = chunk.amalgam ?? charge;
        const piece = chunk.choices?.[0]?.delta?.content;
        if (piece) { first ||= performance.now(); said += piece; node.textContent = said; }
        if (first) meter.textContent = `${((first - begun) / 1000).toFixed(2)} s`;
      });
      messages.push({ role: 'assistant', content: said });
      if (!said) node.textContent = talk.dataset.nothing;
      const seconds = Math.max((performance.now() - (first || begun)) / 1000, 0.001);
      const tokens = usage?.completion_tokens ?? 0;
      const facts = [charge?.chip_class ?? answer.headers.get('x-amalgam-chip-class'), `${tokens} ${talk.dataset.tokens}`, `${(tokens / seconds).toFixed(1)} ${talk.dataset.tokens}/s`,
        `${talk.dataset.first} ${((first - begun) / 1000).toFixed(2)} s`, charge ? `${charge.charge} ${charge.currency}` : null];
      meter.textContent = facts.filter(Boolean).join(' · ');
    };
    talk.addEventListener('submit', async event => {
      event.preventDefault();
      const text = box.value.trim();
      if (!text || button.disabled) return;
      button.disabled = true;
      box.value = '';
      try { await ask(text); }
      catch (fault) {
        messages.pop();
        [...board.querySelectorAll('.said.it, .meter')].slice(-2).forEach(node => node.remove());
        const node = say(fault.message, 'it');
        node.className = 'problem';
        node.setAttribute('role', 'alert');
        box.value = text;
      } finally { button.disabled = false; box.focus(); }
    });
    box.addEventListener('keydown', event => { if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) { event.preventDefault(); talk.requestSubmit(); } });
  }
})();
