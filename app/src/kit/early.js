// Queues what a user does before the page is hydrated and replays it afterwards. Text stays in its field as typed,
// with focus and selection, whatever the page writes there meanwhile; buttons wait; links and forms work natively
// as long as nothing is queued that they would lose. A page that cannot be hydrated reports it.
//
// A user who sees no reaction clicks several times. So a button counts once, at its last click, unless `data-early`
// says otherwise: `repeat` adds something each time, `remove` removes the item it belongs to, `go` shows another
// part of the page. Everything done on the part that the user saw is replayed before what leaves it; of the latter
// only the last counts.
(() => {
  const root = document.documentElement;
  let queue = [];
  let recording = true;
  let replaying = false;
  const fields = 'input, textarea, select';
  const kinds = ['click', 'input', 'change', 'keydown'];
  const native = (field, name) => Object.getOwnPropertyDescriptor(Object.getPrototypeOf(field), name);

  // Keeps the page from writing to a field that the user has changed.
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

  // Returns the state of a field. A file input cannot be written and need not be.
  const state = (field) => {
    if (field.type === 'checkbox' || field.type === 'radio') return { checked: field.checked };
    return field.type === 'file' ? {} : { value: field.value };
  };
  const write = (field, wanted) => {
    for (const [name, value] of Object.entries(wanted)) {
      if (field[name] !== value) native(field, name).set.call(field, value);
    }
  };

  const record = (event) => {
    if (replaying || !recording) return;
    const { type, target } = event;
    if (!(target instanceof Element)) return;
    if (type === 'input' || type === 'change') {
      if (!target.matches(fields)) return;
      event.stopImmediatePropagation();
      // The replay writes the value through the native setter, which is not guarded.
      guard(target);
      // Of consecutive events on one field only the last counts; events in between keep their place.
      const last = queue.at(-1);
      if (last?.target === target && last.type === type) queue.pop();
      queue.push({ type, target, saved: state(target) });
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
    // It works without the page's code too, and loses nothing.
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
  for (const kind of kinds) addEventListener(kind, record, true);

  // Leaving now would lose what was typed: the page has not received it yet.
  const confirmLeave = (event) => {
    if (queue.some(({ type }) => type === 'input' || type === 'change')) event.preventDefault();
  };
  addEventListener('beforeunload', confirmLeave);

  const stop = () => {
    recording = false;
    for (const kind of kinds) removeEventListener(kind, record, true);
    for (const { target } of queue) {
      target.removeAttribute('data-waiting');
      free(target);
    }
  };

  // The page may have rendered an element again.
  const current = (target) => {
    if (target.isConnected) return target;
    if (target.id) return document.getElementById(target.id);
    const label = (element) => element.getAttribute('aria-label') ?? element.textContent.trim();
    return [...document.querySelectorAll(target.tagName)].find((element) => label(element) === label(target));
  };

  const replay = ({ type, target, saved }) => {
    const element = current(target);
    target.removeAttribute('data-waiting');
    if (!element) return;
    // What the user has typed since stays visible.
    const newest = saved && 'value' in saved && target.value !== saved.value ? target.value : undefined;
    const { selectionStart, selectionEnd } = target;
    if (saved) {
      free(target);
      write(element, saved);
    }
    replaying = true;
    if (type === 'click') element.click();
    else if (type === 'keydown') element.dispatchEvent(new KeyboardEvent(type, { key: 'Enter', bubbles: true, cancelable: true }));
    else element.dispatchEvent(new Event(type, { bubbles: true }));
    replaying = false;
    if (newest !== undefined) {
      write(element, { value: newest });
      if (selectionStart !== null && element === document.activeElement) element.setSelectionRange?.(selectionStart, selectionEnd);
    }
    // Later events on the same field have to find its value.
    if (queue.some((item) => item.target === target && item.type !== 'click')) guard(target);
  };

  // Returns the next event to replay. Items are removed from the last one on, so that the others keep their
  // positions.
  const order = ['remove', 'go', 'leave'];
  const dequeue = () => {
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
    // Effects that run at hydration come first.
    await pause();
    while (queue.length > 0) {
      replay(dequeue());
      await pause();
    }
    stop();
    removeEventListener('beforeunload', confirmLeave);
    const focused = document.activeElement;
    if (focused?.matches(fields)) focused.dispatchEvent(new FocusEvent('focus'));
  }, { once: true });

  // A page that cannot be hydrated discards the queue and reports it. Typed text stays visible.
  let reported = false;
  const fail = () => {
    if (reported || root.dataset.alive) return;
    reported = true;
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
  const onError = (event) => {
    const script = event.target?.matches?.('script, link[rel=modulepreload]');
    // Not every failure prevents hydration.
    if (script || event.type === 'unhandledrejection') setTimeout(fail, 2000);
  };
  addEventListener('error', onError, true);
  addEventListener('unhandledrejection', onError);
})();
