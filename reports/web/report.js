(() => {
  'use strict';
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];

  // Numbers inside formatted cells: "1 240", "12.3 %", "8.12 s" sort by what they mean.
  const units = {ns: 1, 'µs': 1e3, ms: 1e6, s: 1e9, min: 6e10, h: 3.6e12};
  const keyOf = cell => {
    const text = (cell.firstChild && cell.firstChild.textContent || cell.textContent).replace(/\u00a0/g, ' ').trim();
    const m = /^([-+≤ ]*[\d ]*\.?\d+) ?(ns|µs|ms|s|min|h|%)?$/.exec(text);
    return m ? parseFloat(m[1].replace(/[ ≤+]/g, '')) * (units[m[2]] || 1) : text === '–' ? -Infinity : text;
  };
  for (const table of all('table.sortable')) {
    all('thead th', table).forEach((th, column) => {
      const button = document.createElement('button');
      button.type = 'button';
      button.append(...th.childNodes);
      th.append(button);
      button.addEventListener('click', () => {
        const up = th.getAttribute('aria-sort') === 'descending';
        all('thead th', table).forEach(other => other.removeAttribute('aria-sort'));
        th.setAttribute('aria-sort', up ? 'ascending' : 'descending');
        const body = table.tBodies[0];
        const rows = [...body.rows].map(row => [keyOf(row.cells[column]), row]);
        rows.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0) * (up ? 1 : -1));
        body.append(...rows.map(([, row]) => row));
      });
    });
  }

  // Flame graphs: zoom by click or Enter, arrows move, Escape leaves; find dims what does not match.
  const cut = (text, most) => text.length <= most ? text : text.slice(0, most - 1) + '\u2026';
  const flames = all('svg.flame').map(svg => {
    const width = svg.viewBox.baseVal.width;
    const frames = all('g', svg).map(g => {
      const rect = g.querySelector('rect'), label = g.querySelector('text');
      const name = g.querySelector('title').textContent;
      // What is drawn is cut to fit; the title, which also names the button, has it whole.
      const mark = g.dataset.mark ? g.dataset.mark + ' \u00b7 ' : '';
      const text = mark + name.slice(0, name.lastIndexOf(': ')).split(' \u00b7 ').pop();
      return {g, rect, label, name, text,
        x: +rect.getAttribute('x'), y: +rect.getAttribute('y'), w: +rect.getAttribute('width')};
    });
    const zoom = to => {
      const scale = width / to.w;
      for (const f of frames) {
        const above = f.y < to.y && f.x <= to.x + 0.2 && f.x + f.w >= to.x + to.w - 0.7;
        const x = above ? 0 : (f.x - to.x) * scale, w = above ? width : f.w * scale;
        const seen = above || (f.y >= to.y && x + w > 0.5 && x < width - 0.5);
        f.g.toggleAttribute('hidden', !seen);
        f.rect.setAttribute('x', x);
        f.rect.setAttribute('width', Math.max(0.3, w));
        if (f.label) {
          f.label.setAttribute('x', Math.max(0, x) + 4);
          f.label.textContent = w > 34 ? cut(f.text, Math.floor((w - 8) / 7)) : '';
        }
      }
    };
    const whole = {x: 0, y: -1, w: width};
    const near = (f, key) => {
      const under = g => g.x >= f.x - 0.2 && g.x + g.w <= f.x + f.w + 0.7;
      const row = frames.filter(g => g.y === f.y);
      if (key === 'ArrowDown') return frames.find(g => g.y > f.y && under(g));
      if (key === 'ArrowUp') return frames.filter(g => g.y < f.y && g.x <= f.x + 0.2 && g.x + g.w >= f.x + f.w - 0.7).pop();
      return row[row.indexOf(f) + (key === 'ArrowRight' ? 1 : -1)];
    };
    svg.setAttribute('role', 'group');
    frames.forEach((f, i) => {
      f.g.setAttribute('tabindex', i ? '-1' : '0');
      f.g.setAttribute('role', 'button');
      f.g.addEventListener('click', () => zoom(f));
      f.g.addEventListener('keydown', event => {
        if (event.key === 'Enter' || event.key === ' ') zoom(f);
        else if (event.key === 'Escape') zoom(whole);
        else if (event.key.startsWith('Arrow')) {
          const next = near(f, event.key);
          if (next) {
            f.g.setAttribute('tabindex', '-1');
            next.g.setAttribute('tabindex', '0');
            next.g.focus();
          }
        } else return;
        event.preventDefault();
      });
    });
    return {frames, zoom, whole};
  });
  const find = document.getElementById('find');
  if (flames.length && find) {
    all('.controls').forEach(controls => controls.hidden = false);
    document.getElementById('zoomout').addEventListener('click', () => flames.forEach(f => f.zoom(f.whole)));
    find.addEventListener('input', () => {
      const wanted = find.value.trim().toLowerCase();
      let hits = 0;
      for (const {frames} of flames) {
        for (const f of frames) {
          const hit = wanted && f.name.toLowerCase().includes(wanted);
          hits += hit ? 1 : 0;
          f.g.classList.toggle('dimmed', !!wanted && !hit);
        }
      }
      document.getElementById('found').textContent = wanted ? hits + ' frames' : '';
    });
  }
})();
