'use strict';
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const rows = all('tbody tr[id]');

  // Sorting: unknown values stay last in both directions; a third click gives the first order back.
  for (const table of all('table:not(.plain)')) {
    const body = table.tBodies[0];
    const original = [...body.rows];
    all('thead th', table).forEach((head, column) => {
      head.firstElementChild.addEventListener('click', () => {
        const first = head.dataset.first;
        const other = first === 'ascending' ? 'descending' : 'ascending';
        const now = head.getAttribute('aria-sort');
        const next = now === null ? first : now === first ? other : null;
        all('thead th', table).forEach((cell) => cell.removeAttribute('aria-sort'));
        if (next === null) return body.append(...original);
        head.setAttribute('aria-sort', next);
        const sign = next === 'ascending' ? 1 : -1;
        const value = (row) => row.cells[column].dataset.sort;
        const numeric = head.classList.contains('num');
        const order = (a, b) => {
          const [x, y] = [value(a), value(b)];
          if (x === '' || y === '') return (x === '') - (y === '');
          return sign * (numeric ? x - y : x.localeCompare(y, undefined, { numeric: true }));
        };
        return body.append(...[...original].sort(order));
      });
    });
  }

  // Filters act on tables and plots alike.
  const backbone = document.getElementById('backbone');
  const method = document.getElementById('method');
  const count = document.getElementById('count');
  const filter = () => {
    const words = method.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    const visible = new Map();
    for (const row of rows) {
      const name = row.dataset.method.toLowerCase();
      const keep = (!backbone.value || row.dataset.backbone === backbone.value) && words.every((word) => name.includes(word));
      row.hidden = !keep;
      visible.set(row.id, keep);
      shown += keep;
    }
    for (const point of all('svg .pt')) point.toggleAttribute('hidden', !visible.get(point.dataset.for));
    for (const pair of all('.compared')) {
      const names = [pair.dataset.first, pair.dataset.second].map((name) => name.toLowerCase());
      const backboneKept = !backbone.value || pair.dataset.backbone === backbone.value;
      pair.hidden = !backboneKept || !names.some((name) => words.every((word) => name.includes(word)));
    }
    count.value = `${shown} of ${rows.length} rows`;
  };
  backbone.addEventListener('change', filter);
  method.addEventListener('input', filter);
  filter();

  // Plots: one picture per pair of axes, drawn beforehand.
  for (const figure of all('figure')) {
    const selects = all('select', figure);
    const show = () => {
      const [x, y] = ['x', 'y'].map((axis) => figure.querySelector(`select[data-axis="${axis}"]`).value);
      for (const svg of all('svg', figure)) svg.toggleAttribute('hidden', svg.dataset.x !== x || svg.dataset.y !== y);
    };
    selects.forEach((select) => select.addEventListener('change', show));
    show();
  }

  // Details of a row, from its table row or its point.
  const tip = document.getElementById('tip');
  const details = (target) => target.dataset.for ? document.getElementById(target.dataset.for) : target;
  const light = (id, on) => {
    document.getElementById(id).classList.toggle('lit', on);
    for (const point of all(`svg .pt[data-for="${id}"]`)) point.classList.toggle('lit', on);
  };
  const place = (x, y) => {
    const box = tip.getBoundingClientRect();
    tip.style.left = `${Math.max(12, Math.min(x + 16, innerWidth - box.width - 12))}px`;
    tip.style.top = `${y + 20 + box.height < innerHeight ? y + 20 : Math.max(12, y - box.height - 14)}px`;
  };
  const open = (target, x, y) => {
    const row = details(target);
    tip.innerHTML = row.querySelector('.more').innerHTML;
    tip.hidden = false;
    light(row.id, true);
    place(x, y);
  };
  const close = (target) => {
    tip.hidden = true;
    light(details(target).id, false);
  };
  for (const target of [...rows, ...all('svg .pt')]) {
    target.addEventListener('mouseenter', (event) => open(target, event.clientX, event.clientY));
    target.addEventListener('mousemove', (event) => place(event.clientX, event.clientY));
    target.addEventListener('mouseleave', () => close(target));
    target.addEventListener('focus', () => {
      const box = target.getBoundingClientRect();
      open(target, box.left + 40, box.bottom - 16);
    });
    target.addEventListener('blur', () => close(target));
  }
  addEventListener('scroll', () => { tip.hidden = true; }, { passive: true });
  addEventListener('keydown', (event) => { if (event.key === 'Escape') tip.hidden = true; });

  document.getElementById('theme').addEventListener('click', () => {
    const root = document.documentElement;
    const dark = root.dataset.theme ? root.dataset.theme === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
    root.dataset.theme = dark ? 'light' : 'dark';
  });
})();
