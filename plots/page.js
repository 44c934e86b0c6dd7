// SPDX-License-Identifier: GPL-3.0-or-later
// What the page can do beyond being read: tables sorted by a column, drawings made larger, a message in a window.
'use strict';

function numberOf(cell) {
  const text = cell.dataset.value ?? cell.textContent.trim();
  return text === '' || Number.isNaN(Number(text)) ? null : Number(text);
}

// Numbers by value, others as words; cells without a value stay last.
function compareCells(a, b, sign) {
  const first = numberOf(a), second = numberOf(b);
  if (first !== null && second !== null) return sign * (first - second);
  if (first !== null || second !== null) return first !== null ? -1 : 1;
  return sign * a.textContent.localeCompare(b.textContent);
}

function sortBy(head) {
  const table = head.closest('table'), body = table.tBodies[0], column = head.cellIndex;
  const sign = head.getAttribute('aria-sort') === 'ascending' ? -1 : 1;
  for (const other of table.tHead.rows[0].cells) other.removeAttribute('aria-sort');
  head.setAttribute('aria-sort', sign > 0 ? 'ascending' : 'descending');
  const rows = Array.from(body.rows);
  rows.sort((a, b) => compareCells(a.cells[column], b.cells[column], sign));
  for (const row of rows) body.append(row);
}

for (const head of document.querySelectorAll('table.sortable thead th')) {
  const button = document.createElement('button');
  button.type = 'button';
  button.append(...head.childNodes);
  head.append(button);
  button.addEventListener('click', () => sortBy(head));
}

for (const drawing of document.querySelectorAll('.drawing')) {
  const svg = drawing.querySelector('svg');
  const width = svg.width.baseVal.value, height = svg.height.baseVal.value;
  const tools = document.createElement('p');
  let zoom = 1;
  tools.className = 'tools';
  for (const [label, change] of [['larger', 1.25], ['smaller', 0.8], ['as drawn', 0]]) {
    const button = document.createElement('button');
    button.type = 'button';
    button.textContent = label;
    button.addEventListener('click', () => {
      zoom = change === 0 ? 1 : Math.min(8, Math.max(0.2, zoom * change));
      svg.setAttribute('width', width * zoom);
      svg.setAttribute('height', height * zoom);
    });
    tools.append(button, ' ');
  }
  drawing.before(tools);
  drawing.addEventListener('click', (event) => {
    const link = event.target.closest('a');
    const text = link && document.getElementById(link.getAttribute('href').slice(1));
    if (!text) return;
    event.preventDefault();
    show(text);
  });
}

function show(text) {
  const dialog = document.createElement('dialog'), close = document.createElement('button');
  const copy = text.cloneNode(true);
  copy.removeAttribute('id');
  close.type = 'button';
  close.textContent = 'close';
  close.addEventListener('click', () => dialog.close());
  dialog.addEventListener('close', () => dialog.remove());
  dialog.setAttribute('aria-label', text.dataset.name);
  dialog.append(close, copy);
  document.body.append(dialog);
  dialog.showModal();
}
