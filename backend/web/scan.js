// SPDX-License-Identifier: LGPL-2.1-or-later
// Tells the workstation that its code was scanned, as soon as the person sees who asks.
"use strict";

const form = document.querySelector("#scan form");
if (form)
  fetch(form.action, {
    method: "POST",
    body: new URLSearchParams(new FormData(form)),
    redirect: "manual",
  }).catch(() => {});
