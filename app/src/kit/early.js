// Keeps what a person does before the page is alive, and does it then, in order. Text stays in its field as typed, with
// focus and selection, whatever the page writes there meanwhile; buttons wait; links and forms work by themselves as long
// as nothing waits that they would lose.
(() => {
  const root = document.documentElement;
  const queue = [];
  let holds = true;
  let own = false;
  const fields = 'input, textarea, select';
  const kinds = ['click', 'input', 'change', 'keydown'];

  // A field that a person has touched is not written to by the page.
  const guard = (field) => {
    for (const name of ['value', 'checked']) {
      if (!(name in field) || Object.hasOwn(field, name)) continue;
      const { get } = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(field), name);
      Object.defineProperty(field, name, { configurable: true, get: () => get.call(field), set() {} });
    }
  };
  const free = (field) => {
    delete field.value;
    delete field.checked;
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
      if (!queue.some((item) => item.target === target && item.type === type)) queue.push({ type, target });
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
    queue.push({ type, target: button });
  };
  for (const kind of kinds) addEventListener(kind, note, true);

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

  const redo = ({ type, target }) => {
    const element = now(target);
    target.removeAttribute('data-waiting');
    if (!element) return;
    const { value, checked } = target;
    if (type === 'input' || type === 'change') {
      free(target);
      if (element !== target) Object.assign(element, { value, checked });
    }
    own = true;
    if (type === 'click') element.click();
    else if (type === 'keydown') element.dispatchEvent(new KeyboardEvent(type, { key: 'Enter', bubbles: true, cancelable: true }));
    else element.dispatchEvent(new Event(type, { bubbles: true }));
    own = false;
    // What comes after it for the same field has to find its value.
    if (queue.some((item) => item.target === target && item.type !== 'click')) guard(target);
  };

  root.addEventListener('jobwright-alive', async () => {
    const pause = () => new Promise((resolve) => setTimeout(resolve));
    // What the page does at the beginning comes first.
    await pause();
    while (queue.length > 0) {
      redo(queue.shift());
      await pause();
    }
    stop();
    const focused = document.activeElement;
    if (focused?.matches(fields)) focused.dispatchEvent(new FocusEvent('focus'));
  }, { once: true });

  // A page that cannot come to life keeps nothing back.
  const broken = (event) => {
    if (event.type === 'unhandledrejection' || event.target?.matches?.('script, link[rel=modulepreload]')) stop();
  };
  addEventListener('error', broken, true);
  addEventListener('unhandledrejection', broken);
})();
