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
  held = null;
  select(next);
  const link = next.querySelector('a');
  link.click();
  link.focus({ preventScroll: true });
  next.scrollIntoView({ block: 'nearest' });
};

const keyed = (key) => document.querySelector(`[data-key="${CSS.escape(key)}"]`);
const act = (found) => { if (found.matches('input, select, textarea')) found.focus(); else found.click(); };

// A key pressed while the chosen card is still on its way is kept for it: it never acts on the card shown before.
const content = document.getElementById('content');
let held = null;
const shown = () => document.querySelector('article.one')?.id.replace('card-', 'row-');
const arriving = () => {
  const row = document.querySelector('.row.on');
  return !!row && row.id !== shown();
};
const arrived = () => {
  const row = document.getElementById(shown() ?? '');
  if (row && !document.querySelector('.row.on')) select(row);
  if (held === null) return;
  if (arriving()) return;
  const found = keyed(held);
  held = null;
  if (found) act(found);
};
if (content) new MutationObserver(arrived).observe(content, { childList: true, subtree: true });

addEventListener('keydown', (e) => {
  if (e.key === 'Escape') { held = null; e.target.blur?.(); }
  if (typing(e) || e.metaKey || e.ctrlKey || e.altKey || document.querySelector('dialog[open]')) return;
  if (e.key === 'j' || e.key === 'k') { e.preventDefault(); move(e.key === 'j' ? 1 : -1); return; }
  if (e.key === 'x') { document.querySelector('.row.on .ck')?.click(); return; }
  const found = keyed(e.key);
  if (arriving() && (!found || content.contains(found))) { e.preventDefault(); held = e.key; return; }
  if (!found) return;
  e.preventDefault();
  act(found);
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
