// What a page does on arrival: its title, the menu closed behind the reader, and for those who do not see it
// change, the focus on its heading.
// Nothing else belongs in here: what is shown comes from the server.
window.dash_clientside = window.dash_clientside || {};
window.dash_clientside.pages = {
  seen: null,
  arrive: function (arrival) {
    if (!arrival) return window.dash_clientside.no_update;
    document.title = arrival.title;
    document.querySelectorAll(".menu").forEach(function (menu) { menu.open = false; });
    var pages = window.dash_clientside.pages;
    var here = window.location.pathname + " " + arrival.title;
    if (pages.seen !== null && pages.seen !== here) {
      window.requestAnimationFrame(function () {
        var heading = document.getElementById("top");
        if (heading) heading.focus({ preventScroll: true });
        window.scrollTo(0, 0);
      });
    }
    pages.seen = here;
    return here;
  },
};
