// What others do while this page is open: numbers follow, rows are marked, and nothing moves under the cursor.
const live = document.getElementById('live');
const fresh = document.getElementById('fresh');
const waiting = new Set();

const mark = (card, text) => {
  const row = document.getElementById(`row-${card}`);
  const place = row?.querySelector('.seen');
  if (place) place.textContent = text;
};

const show = (change) => {
  for (const [team, count] of Object.entries(change.open)) {
    for (const place of document.querySelectorAll(`[data-team-count="${CSS.escape(team)}"]`)) place.textContent = count;
  }
  const shown = Object.values(change.open);
  if (shown.length) {
    const all = shown.reduce((sum, one) => sum + one, 0);
    for (const place of document.querySelectorAll('[data-all-count]')) place.textContent = all;
  }
  for (const card of change.new) if (!document.getElementById(`row-${card}`)) waiting.add(card);
  if (fresh && waiting.size) {
    fresh.hidden = false;
    fresh.querySelector('b').textContent = waiting.size;
  }
  for (const one of change.acts) {
    const row = document.getElementById(`row-${one.card}`);
    if (one.act === 'decided') row?.classList.add('gone');
    if (one.act === 'undone') row?.classList.remove('gone');
    if (one.actor !== document.body.dataset.login) mark(one.card, `${one.actor}: ${one.act.replace('_', ' ')}`);
  }
  for (const place of document.querySelectorAll('.row .here')) {
    const others = (change.looks[place.dataset.card] ?? []).filter((who) => who !== document.body.dataset.login);
    place.textContent = others.map((who) => who.split(/[._]/).map((part) => part[0]).join('').toUpperCase()).join(' ');
    place.title = others.join(', ');
    place.hidden = !others.length;
  }
};

if (live) {
  const source = new EventSource('/live');
  const say = (on) => {
    live.classList.toggle('off', !on);
    live.textContent = on ? live.dataset.on : live.dataset.off;
  };
  source.addEventListener('open', () => say(true));
  source.addEventListener('error', () => say(false));
  source.addEventListener('change', (e) => show(JSON.parse(e.data)));
  addEventListener('pagehide', () => source.close());
}
