// SPDX-License-Identifier: LGPL-2.1-or-later
// A soft keyboard at every password: its keys lie elsewhere each time it is shown, so that neither a
// program that counts keys nor one that sees where the mouse is learns what was typed.
"use strict";

{
  const english = document.documentElement.lang.startsWith("en");
  const words = (chinese, inEnglish) => (english ? inEnglish : chinese);
  const STORED = "keyboard";
  const DIGITS = "0123456789";
  const LETTERS = "abcdefghijklmnopqrstuvwxyz";
  // A screen reader is silent at a bare sign.
  const SIGNS = new Map([
    ["!", words("感叹号", "exclamation mark")], ["\"", words("双引号", "quotation mark")],
    ["#", words("井号", "number sign")], ["$", words("美元符", "dollar sign")],
    ["%", words("百分号", "percent sign")], ["&", words("和号", "ampersand")],
    ["'", words("单引号", "apostrophe")], ["(", words("左圆括号", "left parenthesis")],
    [")", words("右圆括号", "right parenthesis")], ["*", words("星号", "asterisk")],
    ["+", words("加号", "plus")], [",", words("逗号", "comma")],
    ["-", words("连字符", "hyphen")], [".", words("句点", "full stop")],
    ["/", words("斜杠", "slash")], [":", words("冒号", "colon")],
    [";", words("分号", "semicolon")], ["<", words("小于号", "less than")],
    ["=", words("等号", "equals")], [">", words("大于号", "greater than")],
    ["?", words("问号", "question mark")], ["@", words("at 符号", "at sign")],
    ["[", words("左方括号", "left bracket")], ["\\", words("反斜杠", "backslash")],
    ["]", words("右方括号", "right bracket")], ["^", words("脱字符", "caret")],
    ["_", words("下划线", "underscore")], ["`", words("反引号", "grave accent")],
    ["{", words("左花括号", "left brace")], ["|", words("竖线", "vertical bar")],
    ["}", words("右花括号", "right brace")], ["~", words("波浪号", "tilde")],
  ]);

  // Every order is as likely as every other.
  const below = (n) => {
    const word = new Uint32Array(1);
    const limit = Math.floor(2 ** 32 / n) * n;
    do crypto.getRandomValues(word);
    while (word[0] >= limit);
    return word[0] % n;
  };
  const shuffled = (list) => {
    const keys = [...list];
    for (let i = keys.length - 1; i > 0; i--) {
      const j = below(i + 1);
      [keys[i], keys[j]] = [keys[j], keys[i]];
    }
    return keys;
  };

  // A browser may forbid to remember.
  const remembered = () => {
    try {
      return localStorage.getItem(STORED);
    } catch {
      return null;
    }
  };
  const remember = (value) => {
    try {
      localStorage.setItem(STORED, value);
    } catch {
      // it is on again next time
    }
  };
  const isWanted = () => {
    const value = remembered();
    return value ? value === "on" : matchMedia("(pointer: fine)").matches;
  };

  const board = document.createElement("div");
  let field = null;
  let upper = false;

  const type = (text) => {
    const { selectionStart: start, selectionEnd: end, value, maxLength } = field;
    if (maxLength >= 0 && value.length - (end - start) + text.length > maxLength) return;
    field.setRangeText(text, start, end, "end");
    field.dispatchEvent(new InputEvent("input", { bubbles: true, data: text, inputType: "insertText" }));
  };
  const erase = () => {
    const { selectionStart: start, selectionEnd: end } = field;
    field.setRangeText("", start === end ? Math.max(0, start - 1) : start, end, "end");
    field.dispatchEvent(new InputEvent("input", { bubbles: true, inputType: "deleteContentBackward" }));
  };
  const toggles = () => document.querySelectorAll("button.keyboard-toggle");
  const tellToggles = () => {
    for (const toggle of toggles())
      toggle.setAttribute("aria-expanded", String(!board.hidden && toggle.dataset.field === field.id));
  };
  const hide = () => {
    remember("off");
    board.hidden = true;
    tellToggles();
    field.focus();
  };

  const key = (text, label, press) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = text;
    button.tabIndex = -1;
    if (label) button.setAttribute("aria-label", label);
    button.addEventListener("click", () => press(button));
    return button;
  };
  const row = (...keys) => {
    const line = document.createElement("div");
    line.append(...keys);
    board.append(line);
  };
  const shift = (button) => {
    upper = !upper;
    button.setAttribute("aria-pressed", String(upper));
    for (const letter of board.querySelectorAll("[data-letter]"))
      letter.textContent = upper ? letter.dataset.letter.toUpperCase() : letter.dataset.letter;
  };
  const fill = () => {
    board.replaceChildren();
    upper = false;
    row(...shuffled(DIGITS).map((digit) => key(digit, null, () => type(digit))));
    row(...shuffled(LETTERS).map((letter) => {
      const button = key(letter, null, () => type(button.textContent));
      button.dataset.letter = letter;
      return button;
    }));
    row(...shuffled(SIGNS.keys()).map((sign) => key(sign, SIGNS.get(sign), () => type(sign))));
    const shifter = key(words("大写", "Shift"), null, shift);
    shifter.setAttribute("aria-pressed", "false");
    row(shifter, key(words("空格", "Space"), null, () => type(" ")), key(words("退格", "Backspace"), null, erase),
      key(words("关闭", "Close"), words("关闭软键盘", "Close the soft keyboard"), hide));
    for (const line of board.children) line.className = "keys";
    board.lastElementChild.className = "keys words";
    board.querySelector("button").tabIndex = 0;
  };
  const show = (input) => {
    if (!board.hidden && field === input) return;
    field = input;
    fill();
    input.nextElementSibling.after(board);
    board.hidden = false;
    tellToggles();
  };

  // One stop of the Tab key; inside it the arrows go from key to key.
  const STEPS = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: 1, ArrowUp: -1 };
  board.addEventListener("keydown", (event) => {
    const keys = [...board.querySelectorAll("button")];
    const at = keys.indexOf(document.activeElement);
    if (event.key === "Escape") {
      hide();
    } else if (event.key in STEPS && at >= 0) {
      const next = keys[(at + STEPS[event.key] + keys.length) % keys.length];
      keys[at].tabIndex = -1;
      next.tabIndex = 0;
      next.focus();
    } else {
      return;
    }
    event.preventDefault();
  });
  // By mouse the cursor stays in the field.
  board.addEventListener("mousedown", (event) => event.preventDefault());

  board.id = "keyboard";
  board.className = "keyboard";
  board.hidden = true;
  board.setAttribute("role", "group");
  board.setAttribute("aria-label", words("软键盘，用方向键选择", "Soft keyboard; arrows go from key to key"));

  for (const input of document.querySelectorAll("input[type=password]")) {
    const toggle = document.createElement("button");
    toggle.type = "button";
    toggle.className = "second keyboard-toggle";
    toggle.textContent = words("软键盘", "Soft keyboard");
    toggle.dataset.field = input.id;
    toggle.setAttribute("aria-expanded", "false");
    toggle.setAttribute("aria-controls", "keyboard");
    toggle.addEventListener("click", () => {
      if (!board.hidden && field === input) {
        hide();
      } else {
        remember("on");
        show(input);
        input.focus();
      }
    });
    input.after(toggle);
    input.addEventListener("focus", () => {
      if (isWanted()) show(input);
    });
  }
}
