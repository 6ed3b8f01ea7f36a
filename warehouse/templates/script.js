// Comfort for the public pages: they work without it.
"use strict";
