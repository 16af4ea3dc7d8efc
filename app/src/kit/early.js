// Keeps what a person does before the page is alive, and does it then. Text stays in its field as typed, with focus and
// selection, whatever the page writes there meanwhile; buttons wait; links and forms work by themselves as long as nothing
// waits that they would lose. A page that cannot come to life says so.
//
// Who clicks and sees nothing happen clicks again. So a button counts once, at its last click, unless it says otherwise
// (`data-early`): `repeat` adds something each time, `remove` takes out what it stands beside, `go` shows another part of
// the page. All that was done on the part that the person saw comes before what leaves it; of what leaves it the last
// counts.
(() => {
  const root = document.documentElement;
  let queue = [];
  let holds = true;
  let own = false;
  const fields = 'input, textarea, select';
  const kinds = ['click', 'input', 'change', 'keydown'];
  const native = (field, name) => Object.getOwnPropertyDescriptor(Object.getPrototypeOf(field), name);

  // A field that a person has touched is not written to by the page.
  const guard = (field) => {
    for (const name of ['value', 'checked']) {
      if (!(name in field) || Object.hasOwn(field, name)) continue;
      const { get } = native(field, name);
      Object.defineProperty(field, name, { configurable: true, get: () => get.call(field), set() {} });
    }
  };
  const free = (field) => {
    delete field.value;
    delete field.checked;
  };

  // What a field says. A file cannot be written, and needs not be.
  const state = (field) => {
    if (field.type === 'checkbox' || field.type === 'radio') return { checked: field.checked };
    return field.type === 'file' ? {} : { value: field.value };
  };
  const write = (field, wanted) => {
    for (const [name, value] of Object.entries(wanted)) {
      if (field[name] !== value) native(field, name).set.call(field, value);
    }
  };

  const note = (event) => {
    if (own || !holds) return;
    const { type, target } = event;
    if (!(target instanceof Element)) return;
    if (type === 'input' || type === 'change') {
      if (!target.matches(fields)) return;
      event.stopImmediatePropagation();
      // How a fill writes the value is not the page's writing: it has been done already.
      guard(target);
      // Of what follows at once for the same field only the last counts; what was done in between keeps its place.
      const last = queue.at(-1);
      if (last?.target === target && last.type === type) queue.pop();
      queue.push({ type, target, said: state(target) });
      return;
    }
    if (type === 'keydown') {
      if (event.key !== 'Enter' || !target.matches('input') || target.form) return;
      event.stopImmediatePropagation();
      queue.push({ type, target });
      return;
    }
    const button = target.closest('button, a[href]');
    if (!button || button.disabled) return;
    // Without the page's code it works too, and takes nothing away.
    const works = button.matches('a') ? event.ctrlKey || event.metaKey || event.shiftKey : false;
    if (works || (button.matches('a, form button:not([type=button])') && queue.length === 0)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    button.setAttribute('data-waiting', '');
    const kind = button.matches('a, form button:not([type=button])') ? 'leave' : button.dataset.early;
    const same = (item) => item.type === type && (item.target === button ? kind !== 'repeat' : kind === item.kind && (kind === 'go' || kind === 'leave'));
    for (const { target } of queue.filter(same)) if (target !== button) target.removeAttribute('data-waiting');
    queue = [...queue.filter((item) => !same(item)), { type, target: button, kind }];
  };
  for (const kind of kinds) addEventListener(kind, note, true);

  // Whoever leaves now loses what they typed: the page has not taken it yet.
  const ask = (event) => {
    if (queue.some(({ type }) => type === 'input' || type === 'change')) event.preventDefault();
  };
  addEventListener('beforeunload', ask);

  const stop = () => {
    holds = false;
    for (const kind of kinds) removeEventListener(kind, note, true);
    for (const { target } of queue) {
      target.removeAttribute('data-waiting');
      free(target);
    }
  };

  // The page may have drawn an element anew.
  const now = (target) => {
    if (target.isConnected) return target;
    if (target.id) return document.getElementById(target.id);
    const label = (element) => element.getAttribute('aria-label') ?? element.textContent.trim();
    return [...document.querySelectorAll(target.tagName)].find((element) => label(element) === label(target));
  };

  const redo = ({ type, target, said }) => {
    const element = now(target);
    target.removeAttribute('data-waiting');
    if (!element) return;
    // What the person has typed since stays in sight.
    const newest = said && 'value' in said && target.value !== said.value ? target.value : undefined;
    const { selectionStart, selectionEnd } = target;
    if (said) {
      free(target);
      write(element, said);
    }
    own = true;
    if (type === 'click') element.click();
    else if (type === 'keydown') element.dispatchEvent(new KeyboardEvent(type, { key: 'Enter', bubbles: true, cancelable: true }));
    else element.dispatchEvent(new Event(type, { bubbles: true }));
    own = false;
    if (newest !== undefined) {
      write(element, { value: newest });
      if (selectionStart !== null && element === document.activeElement) element.setSelectionRange?.(selectionStart, selectionEnd);
    }
    // What comes after it for the same field has to find its value.
    if (queue.some((item) => item.target === target && item.type !== 'click')) guard(target);
  };

  // What is to be done next. Items are removed from the last one on: those that are left keep their places.
  const order = ['remove', 'go', 'leave'];
  const take = () => {
    const rank = ({ kind }) => order.indexOf(kind);
    const first = Math.min(...queue.map(rank));
    const items = queue.filter((item) => rank(item) === first);
    const behind = (a, b) => (a.target.compareDocumentPosition(b.target) & Node.DOCUMENT_POSITION_FOLLOWING ? b : a);
    const item = first === 0 ? items.reduce(behind) : items[0];
    queue = queue.filter((other) => other !== item);
    return item;
  };

  root.addEventListener('jobwright-alive', async () => {
    const pause = () => new Promise((resolve) => setTimeout(resolve));
    // What the page does at the beginning comes first.
    await pause();
    while (queue.length > 0) {
      redo(take());
      await pause();
    }
    stop();
    removeEventListener('beforeunload', ask);
    const focused = document.activeElement;
    if (focused?.matches(fields)) focused.dispatchEvent(new FocusEvent('focus'));
  }, { once: true });

  // A page that cannot come to life keeps nothing back, and says that it does nothing. What was typed stays in sight.
  let told = false;
  const fail = () => {
    if (told || root.dataset.alive) return;
    told = true;
    stop();
    const chinese = root.lang.startsWith('zh');
    const notice = document.createElement('div');
    notice.className = 'notice notice-error';
    notice.setAttribute('role', 'alert');
    notice.textContent = chinese
      ? '此页面未能完整加载，按钮和表单暂不可用。请先复制您输入的内容，再重新加载。'
      : 'This page could not be loaded completely: its buttons and forms do nothing. Copy what you have typed, then load it again.';
    (document.querySelector('main') ?? document.body).prepend(notice);
  };
  const broken = (event) => {
    const script = event.target?.matches?.('script, link[rel=modulepreload]');
    // Not every failure keeps the page from coming to life.
    if (script || event.type === 'unhandledrejection') setTimeout(fail, 2000);
  };
  addEventListener('error', broken, true);
  addEventListener('unhandledrejection', broken);
})();
