// Keyboard triage: one listener; what a key does stands on the element it works, as data-key.
const typing = (e) => e.target.closest('input:not([type=checkbox]), textarea, select, [contenteditable]');
const rows = () => [...document.querySelectorAll('.row')];

const select = (row) => {
  for (const one of rows()) {
    one.classList.toggle('on', one === row);
    one.querySelector('a')?.toggleAttribute('aria-current', one === row);
  }
};

const move = (step) => {
  const all = rows();
  const at = all.findIndex((row) => row.classList.contains('on'));
  const next = all[Math.max(0, Math.min(all.length - 1, at + step))];
  if (!next) return;
  select(next);
  const link = next.querySelector('a');
  link.click();
  link.focus({ preventScroll: true });
  next.scrollIntoView({ block: 'nearest' });
};

addEventListener('keydown', (e) => {
  if (e.key === 'Escape') e.target.blur?.();
  if (typing(e) || e.metaKey || e.ctrlKey || e.altKey || document.querySelector('dialog[open]')) return;
  if (e.key === 'j' || e.key === 'k') { e.preventDefault(); move(e.key === 'j' ? 1 : -1); return; }
  if (e.key === 'x') { document.querySelector('.row.on .ck')?.click(); return; }
  const found = document.querySelector(`[data-key="${CSS.escape(e.key)}"]`);
  if (!found) return;
  e.preventDefault();
  if (found.matches('input, select, textarea')) found.focus(); else found.click();
});

addEventListener('click', (e) => {
  const row = e.target.closest('.row');
  if (row && !e.target.matches('.ck')) select(row);
  const opens = e.target.closest('[data-opens]');
  if (opens) document.getElementById(opens.dataset.opens)?.showModal();
  const closes = e.target.closest('[data-closes]');
  if (closes) closes.closest('dialog')?.close();
});

// Evidence: hovering or focusing a quote in the list outlines the same quote in its source.
for (const kind of ['mouseover', 'focusin']) {
  addEventListener(kind, (e) => {
    const quote = e.target.closest('[data-quote]');
    for (const mark of document.querySelectorAll('mark[data-for]')) {
      mark.classList.toggle('hot', !!quote && mark.dataset.for.split(' ').includes(quote.dataset.quote));
    }
  });
}
