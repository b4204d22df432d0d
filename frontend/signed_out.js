// On the page to sign in: the session before has ended, whichever way.
import { forgetAllBut } from './left_behind.js';

forgetAllBut('').catch(() => {});
