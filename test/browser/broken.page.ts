// A page of smoke.test.ts that throws while it loads.

throw new Error("this page is broken on purpose");
