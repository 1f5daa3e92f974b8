// page.mjs - the report page in a real browser: with and without the policy that CI servers put on
// artifacts, light and dark, narrow and wide, alone and against a baseline. Reads reports in the
// folders $NJ_REPORT/alone and $NJ_REPORT/compared.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { createRequire } from 'node:module';
import { test, after, before } from 'node:test';

const require = createRequire(path.join(process.env.NJ_NODE_MODULES, 'x.js'));
const { chromium } = require('playwright-core');
const axe = fs.readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const folder = process.env.NJ_REPORT;
const policy = "sandbox allow-same-origin; default-src 'none'; img-src 'self'; style-src 'self';";
let server, browser, origin;

before(async () => {
  server = http.createServer((request, response) => {
    const url = new URL(request.url, 'http://localhost');
    const kind = url.pathname.includes('/compared/') ? 'compared' : 'alone';
    const file = path.join(folder, kind, path.basename(url.pathname));
    if (!fs.existsSync(file)) { response.writeHead(404); response.end(); return; }
    const type = file.endsWith('.css') ? 'text/css' : 'text/html; charset=utf-8';
    const strict = url.pathname.startsWith('/strict/');
    response.writeHead(200, { 'content-type': type, ...(strict ? { 'content-security-policy': policy } : {}) });
    response.end(fs.readFileSync(file));
  });
  await new Promise(ready => server.listen(0, '127.0.0.1', ready));
  origin = `http://127.0.0.1:${server.address().port}`;
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'] });
});
after(async () => { await browser?.close(); server?.close(); });

const open = async (where, options = {}) => {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  const errors = [];
  page.on('pageerror', error => errors.push(String(error)));
  await page.goto(`${origin}/${where}/report.html`);
  return { page, errors, close: () => context.close() };
};
const textOf = page => page.evaluate(() => document.body.innerText.replace(/\s+/g, ' '));

test('the strict policy of CI servers takes no text away but the controls of the script', async () => {
  const strict = await open('strict'), free = await open('free');
  const clean = text => text.replace('Find Zoom out Click a bar, or press Enter on it, to look into it. ', '').replace(/[↕↑↓]/g, '').replace(/\s+/g, ' ');
  assert.equal(clean(await textOf(strict.page)), clean(await textOf(free.page)));
  const width = await strict.page.evaluate(() => getComputedStyle(document.body).maxWidth);
  assert.notEqual(width, 'none', 'the linked stylesheet applies');
  await strict.close(); await free.close();
});

test('the page without its stylesheet file is still styled', async () => {
  const { page, close } = await open('free');
  await page.route('**/report.css', route => route.abort());
  await page.reload();
  assert.notEqual(await page.evaluate(() => getComputedStyle(document.body).maxWidth), 'none');
  await close();
});

for (const [where, colorScheme] of [['free', 'light'], ['free', 'dark'], ['free/compared', 'light'], ['free/compared', 'dark']]) {
  test(`axe finds nothing to complain about in ${where}, ${colorScheme}`, async () => {
    const { page, errors, close } = await open(where, { colorScheme });
    await page.evaluate(() => document.querySelectorAll('details').forEach(d => { d.open = true; }));
    await page.evaluate(axe);
    const found = await page.evaluate(() => window.axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] }));
    assert.deepEqual(found.violations.map(v => `${v.id}: ${v.nodes.slice(0, 3).map(n => n.html.slice(0, 160)).join(' | ')}`), []);
    assert.deepEqual(errors, []);
    await close();
  });
}

for (const [where, width] of [['strict', 360], ['strict', 768], ['strict', 1280], ['strict/compared', 360]]) {
  test(`nothing reaches over the side of ${where} at ${width} pixels`, async () => {
    const { page, close } = await open(where, { viewport: { width, height: 800 } });
    const over = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    assert.ok(over <= 0, `${over} pixels too wide`);
    await close();
  });
}

test('tables sort by what their numbers mean', async () => {
  const { page, close } = await open('free');
  const column = await page.evaluate(() => {
    const table = document.querySelector('#agents table.sortable');
    const th = [...table.querySelectorAll('thead th')].findIndex(h => h.textContent.startsWith('p50'));
    table.querySelectorAll('thead th')[th].querySelector('button').click();
    return [...table.tBodies[0].rows].map(row => row.cells[th].firstChild.textContent.replace(/\u00a0/g, ' '));
  });
  const units = { ns: 1, 'µs': 1e3, ms: 1e6, s: 1e9, min: 6e10 };
  const values = column.map(text => parseFloat(text) * units[text.split(' ')[1]]);
  assert.deepEqual(values, [...values].sort((a, b) => b - a));
  assert.ok(values.length > 2);
  await close();
});

test('the flame graph zooms by mouse and keyboard, and finds', async () => {
  const { page, close } = await open('free');
  const frame = page.locator('.variant:visible svg.flame g').nth(1);
  const width = () => frame.locator('rect').evaluate(r => +r.getAttribute('width'));
  const before = await width();
  await frame.click();
  assert.ok(await width() > before);
  await frame.focus();
  await page.keyboard.press('Escape');
  assert.equal(await width(), before);
  await page.fill('#find', 'zzz no such frame');
  assert.equal(await page.textContent('#found'), '0 frames');
  await close();
});

test('against a baseline frames have the colour of their change, or of their kind for who wants it', async () => {
  const { page, close } = await open('strict/compared');
  const fillOf = shade => page.evaluate(name => {
    const rect = document.querySelector(`.variant.v-wall rect.${name}`);
    return rect && [getComputedStyle(rect).fill, rect.getAttribute('fill')];
  }, shade);
  const shade = await page.evaluate(() => document.querySelector('.variant.v-wall rect:is([class*=" c-up"],[class*=" c-down"])').classList[1]);
  const [drawn, attribute] = await fillOf(shade);
  const rgb = attribute.slice(1).match(/../g).map(part => parseInt(part, 16));
  assert.equal(drawn, `rgb(${rgb.join(', ')})`, 'with the stylesheet as without it');
  assert.ok(await page.locator('.by-change').isVisible() && !await page.locator('.by-kind').isVisible());
  await page.check('#c-kind');
  assert.notEqual((await fillOf(shade))[0], drawn);
  assert.ok(await page.locator('.by-kind').isVisible() && !await page.locator('.by-change').isVisible());
  await close();
});

test('labels keep the number of their change when the graph is zoomed', async () => {
  const { page, close } = await open('free/compared');
  const frame = page.locator('.variant.v-wall g:not([data-mark=""])').first();
  const mark = await frame.getAttribute('data-mark');
  await frame.click();
  assert.ok((await frame.locator('text').textContent()).startsWith(mark + ' \u00b7 '));
  await close();
});
