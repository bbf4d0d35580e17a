'use strict';
// Everything here adds to a page that can be read without it: sorting, copying, values of marked points.

// Sorting: a button in each head of a column. Numbers come from data-order, else the text is compared.
for (const table of document.querySelectorAll('table.sortable')) {
  const heads = [...table.tHead.rows[0].cells];
  const body = table.tBodies[0];
  const key = (row, k) => {
    const cell = row.cells[k];
    return cell.dataset.order === undefined ? cell.innerText : Number(cell.dataset.order.replace('inf', 'Infinity'));
  };
  const compare = (a, b) =>
    typeof a === 'number' && typeof b === 'number' ? (a < b ? -1 : a > b ? 1 : 0) : String(a).localeCompare(String(b));
  heads.forEach((head, k) => {
    const button = document.createElement('button');
    button.type = 'button';
    button.textContent = head.textContent;
    head.replaceChildren(button);
    button.addEventListener('click', () => {
      const down = head.getAttribute('aria-sort') === 'ascending';
      heads.forEach((other) => other.removeAttribute('aria-sort'));
      head.setAttribute('aria-sort', down ? 'descending' : 'ascending');
      const rows = [...body.rows].map((row) => [key(row, k), row]);
      rows.sort(([a], [b]) => (down ? compare(b, a) : compare(a, b)));
      body.append(...rows.map(([, row]) => row));
    });
  });
}

// Copying: a button in each block of commands or file.
for (const block of document.querySelectorAll('pre')) {
  const code = block.querySelector('code');
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'copy';
  button.textContent = 'Copy';
  button.addEventListener('click', async () => {
    try {
      await navigator.clipboard.writeText(code.textContent);
      button.textContent = 'Copied';
    } catch {
      getSelection().selectAllChildren(code); // to be copied by hand
      button.textContent = 'Selected';
    }
    setTimeout(() => (button.textContent = 'Copy'), 1500);
  });
  block.append(button);
}

// Values of marked points: on hover; by keyboard with the arrows, once a figure has the focus.
const tip = document.getElementById('tip');
let shown = null;
function hide() {
  if (shown) shown.classList.remove('on');
  shown = null;
  tip.classList.remove('on');
}
function show(mark) {
  if (mark === shown) return;
  hide();
  shown = mark;
  mark.classList.add('on');
  tip.textContent = mark.getAttribute('aria-label');
  tip.classList.add('on');
  place();
}
function place() {
  if (!shown) return;
  const at = shown.getBoundingClientRect();
  const x = Math.min(Math.max(8, at.x + at.width / 2 - tip.offsetWidth / 2), innerWidth - tip.offsetWidth - 8);
  const above = at.y - tip.offsetHeight - 8;
  tip.style.transform = `translate(${x}px, ${above > 4 ? above : at.bottom + 8}px)`;
}
for (const picture of document.querySelectorAll('.drawing svg')) {
  const marks = [...picture.querySelectorAll('.mark')];
  if (!marks.length) continue;
  for (const mark of marks) {
    const title = mark.querySelector('title');
    mark.setAttribute('role', 'img');
    mark.setAttribute('aria-label', title.textContent);
    title.remove(); // or the browser shows a second one
    mark.addEventListener('pointerenter', () => show(mark));
    mark.addEventListener('pointerleave', hide);
  }
  picture.setAttribute('tabindex', '0');
  picture.setAttribute('aria-label', `${picture.getAttribute('aria-label')} Arrow keys go through the marked points.`);
  picture.addEventListener('blur', hide);
  picture.addEventListener('keydown', (event) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (event.key === 'Escape') hide();
    if (!step) return;
    event.preventDefault();
    const at = marks.indexOf(shown);
    show(marks[at < 0 ? (step > 0 ? 0 : marks.length - 1) : (at + step + marks.length) % marks.length]);
  });
}
// The browser scrolls to a figure that receives the focus, also after a key was pressed in it.
addEventListener('scroll', place, { passive: true, capture: true });

// On paper nothing can be opened. Long tables stay closed.
const opened = [];
addEventListener('beforeprint', () => {
  for (const part of document.querySelectorAll('details:not([open])')) {
    if (part.querySelectorAll('tbody tr').length > 40) continue;
    part.open = true;
    opened.push(part);
  }
});
addEventListener('afterprint', () => {
  while (opened.length) opened.pop().open = false;
});
